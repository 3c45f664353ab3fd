package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// check sees whether the file could be appended to, or made.
func check(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return checkFolder(path)
	case err != nil:
		return "", fmt.Errorf("looking at the file: %w", err)
	case info.IsDir():
		return "", fmt.Errorf("%s is a folder: name a file in it", path)
	case !info.Mode().IsRegular(): // a pipe without a reader would block
		return path + ", no regular file", nil
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0) //nolint:gosec // the path is the operator's
	if err != nil {
		return "", fmt.Errorf("opening for append: %w: let the user of this process write it", err)
	}
	return path, f.Close()
}

// checkFolder makes a file beside path and removes it: permissions alone do not tell of a disk that is full or read-only.
func checkFolder(path string) (string, error) {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, ".carillon-check-*")
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("folder %s does not exist: make it", folder)
	}
	if err != nil {
		return "", fmt.Errorf("making a file in %s: %w: let the user of this process write there", folder, err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return "", fmt.Errorf("removing a file in %s: %w", folder, err)
	}
	return path + " comes with the first event", nil
}

// checker is check as lines wants it.
func checker(path string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return check(path) }
}
