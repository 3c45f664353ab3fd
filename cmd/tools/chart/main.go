// Command chart puts what the Helm chart takes from elsewhere into it: every dashboard and the alerts of dashboards/, so that they
// have one source. It lives in a module of its own, because its tests need Helm and half of Kubernetes.
//
//	go run -C cmd/tools/chart .           # write them
//	go run -C cmd/tools/chart . -check    # are they up to date?
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

const (
	// from and to are relative to this folder, where go run -C starts.
	from = "../../../dashboards"
	to   = "../../../configs/helm/carillon/files"
)

func main() {
	check := flag.Bool("check", false, "change nothing; fail when something is out of date")
	flag.Parse()
	if err := run(from, to, *check); err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
}

var errStale = errors.New("out of date (go run -C cmd/tools/chart . writes it)")

// run makes the files of to the same as those of from, or with check says which differ.
func run(from, to string, check bool) error {
	want, err := source(from)
	if err != nil {
		return err
	}
	have, err := chart(to)
	if err != nil {
		return err
	}
	var stale []error
	for _, name := range slices.Sorted(maps.Keys(merged(want, have))) {
		text, wanted := want[name]
		old, there := have[name]
		if wanted == there && bytes.Equal(text, old) {
			continue
		}
		if check {
			stale = append(stale, fmt.Errorf("%s: %w", filepath.Join(to, name), errStale))
			continue
		}
		if err := put(filepath.Join(to, name), text, wanted); err != nil {
			return err
		}
	}
	return errors.Join(stale...)
}

// source returns what the chart is to have, by the name it has there. There may be nothing yet.
func source(dir string) (map[string][]byte, error) {
	files := os.DirFS(dir)
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, name := range names {
		if out["dashboards/"+name], err = fs.ReadFile(files, name); err != nil {
			return nil, err
		}
	}
	switch text, err := fs.ReadFile(files, "alerts.yaml"); {
	case err == nil:
		out["alerts.yaml"] = text
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return out, nil
}

// chart returns what it has.
func chart(dir string) (map[string][]byte, error) {
	files, out := os.DirFS(dir), map[string][]byte{}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		out[name], err = fs.ReadFile(files, name)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	return out, err
}

func merged(a, b map[string][]byte) map[string][]byte {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// put writes a file, or removes one that is not wanted any more.
func put(path string, text []byte, wanted bool) error {
	if !wanted {
		return os.Remove(path)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // sources, for everybody to read
		return err
	}
	return os.WriteFile(path, text, 0o644) //nolint:gosec // sources, for everybody to read
}
