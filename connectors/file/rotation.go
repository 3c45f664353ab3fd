package file

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"carillon/pipeline"
)

// stamp is the time in the name of a file that was rotated. It sorts as it happened.
const stamp = "2006-01-02T15-04-05.000Z"

// rotation renames the file when it is full or old. It is used by one goroutine at a time.
type rotation struct {
	RotateConfig

	logger  *slog.Logger
	metrics *metrics
	failing bool
}

func newRotation(cfg Config, set pipeline.Settings) *rotation {
	return &rotation{RotateConfig: cfg.Rotate, logger: set.Logger, metrics: newMetrics(set.Registerer)}
}

// turn renames the file at path when next bytes do not belong into it, and says why.
func (r *rotation) turn(path string, info fs.FileInfo, now time.Time, next int) string {
	why := ""
	switch {
	case info.Size() == 0:
	case r.MaxSize > 0 && info.Size()+int64(next) > int64(r.MaxSize):
		why = "the file is full"
	case r.MaxAge > 0 && r.span(info.ModTime()) < r.span(now):
		why = "the file is old"
	}
	if why == "" || r.rename(path, now) != nil {
		return ""
	}
	r.prune(path)
	return why
}

// span numbers the spans of MaxAge.
func (r *rotation) span(t time.Time) int64 { return t.UnixNano() / int64(r.MaxAge) }

// rename gives the file a name that nothing else has. What it logs it logs once until it succeeds.
func (r *rotation) rename(path string, now time.Time) error {
	err := moveAway(path, now)
	switch {
	case err == nil:
		r.metrics.rotations.WithLabelValues(outcomeRotated).Inc()
		r.failing = false
		return nil
	case !r.failing:
		r.logger.Warn("rotation failed; the file grows on", slog.Any(keyError, err))
	}
	r.failing = true
	r.metrics.rotations.WithLabelValues(outcomeFailed).Inc()
	return err
}

func moveAway(path string, now time.Time) error {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return errors.New("a symbolic link leads to the file: name the file itself")
	}
	old, err := rotatedFiles(path)
	if err != nil {
		return fmt.Errorf("looking for a name: %w", err)
	}
	if len(old) > 0 { // the names sort as it happened, whatever the clock did, and however fast the file fills
		if last := rotatedAt(path, old[len(old)-1]).Add(time.Millisecond); last.After(now) {
			now = last
		}
	}
	for range 1000 {
		target := rotated(path, now)
		now = now.Add(time.Millisecond)
		if _, err := os.Lstat(target); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("looking for a name: %w", err)
		}
		if err := os.Rename(path, target); err != nil {
			return fmt.Errorf("renaming: %w", err)
		}
		return nil
	}
	return errors.New("no name is free")
}

// rotated returns the name of the file at path once it was rotated at t.
func rotated(path string, t time.Time) string {
	base, extension := split(path)
	return base + t.UTC().Format(stamp) + extension
}

// rotatedAt returns the time in a name that rotated made for the file at path, and the zero time for any other name.
func rotatedAt(path, name string) time.Time {
	base, extension := split(filepath.Base(path))
	at, isOurs := strings.CutPrefix(filepath.Base(name), base)
	at, hasExtension := strings.CutSuffix(at, extension)
	t, err := time.Parse(stamp, at)
	if err != nil || !isOurs || !hasExtension {
		return time.Time{}
	}
	return t
}

// split returns what stands before and after the time.
func split(path string) (base, extension string) {
	extension = filepath.Ext(path)
	if extension == filepath.Base(path) { // a hidden file
		extension = ""
	}
	return strings.TrimSuffix(path, extension) + "-", extension
}

// prune removes the oldest files beyond Keep.
func (r *rotation) prune(path string) {
	if r.Keep == 0 {
		return
	}
	old, err := rotatedFiles(path)
	if err == nil {
		for _, name := range old[:max(0, len(old)-r.Keep)] {
			err = errors.Join(err, os.Remove(name))
		}
	}
	if err != nil {
		r.logger.Warn("removing old files failed", slog.Any(keyError, err))
	}
}

// rotatedFiles returns the files that were rotated from path, the oldest first, and nothing else that is in the folder.
func rotatedFiles(path string) ([]string, error) {
	folder := filepath.Dir(path)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		name := filepath.Join(folder, e.Name())
		if e.Type().IsRegular() && !rotatedAt(path, name).IsZero() {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}
