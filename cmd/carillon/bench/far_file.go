package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"carillon/connectors/file"
	"carillon/pipeline"
)

// fileFar is a directory with one file at a time.
type fileFar struct {
	dir   string
	files int
}

func newFileFar(dir string) (*fileFar, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making a directory for files: %w", err)
	}
	return &fileFar{dir: dir}, nil
}

func (f *fileFar) name() string {
	return "a file, with an fsync every " + file.DefaultConfig().FsyncInterval.String()
}

func (f *fileFar) path() string { return filepath.Join(f.dir, fmt.Sprintf("%d.ndjson", f.files)) }

func (f *fileFar) renew(context.Context) error {
	err := os.Remove(f.path())
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	f.files++
	return err
}

func (f *fileFar) keys() map[string]any { return map[string]any{"path": f.path()} }

func (f *fileFar) loop(_ context.Context, events []pipeline.Event) (bareLoop, error) {
	lines, err := linesOf(file.DefaultConfig().Format, events)
	if err != nil {
		return nil, err
	}
	l := &fileLoop{ends: make([]int, 1, len(lines)+1), synced: time.Now()}
	for _, line := range lines {
		l.text = append(append(l.text, line...), '\n')
		l.ends = append(l.ends, len(l.text))
	}
	l.out, err = os.OpenFile(f.path(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	return l, err
}

func (f *fileFar) held(context.Context) (int, error) {
	in, err := os.Open(f.path())
	if err != nil {
		return 0, fmt.Errorf("counting lines: %w", err)
	}
	defer func() { _ = in.Close() }()
	n, block := 0, make([]byte, 1<<20)
	for {
		k, err := in.Read(block)
		n += bytes.Count(block[:k], []byte{'\n'})
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, fmt.Errorf("counting lines: %w", err)
		}
	}
}

func (f *fileFar) close() error { return nil }

// fileLoop appends lines, a batch at a time, and syncs as often as the sink does.
type fileLoop struct {
	text []byte
	ends []int // where the lines end, after a 0

	mu     sync.Mutex
	out    *os.File
	synced time.Time
}

func (l *fileLoop) send(_ context.Context, from, to int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.out.Write(l.text[l.ends[from]:l.ends[to]])
	if now := time.Now(); err == nil && now.Sub(l.synced) >= file.DefaultConfig().FsyncInterval {
		l.synced, err = now, l.out.Sync()
	}
	return err
}

func (l *fileLoop) close() error { return l.out.Close() }
