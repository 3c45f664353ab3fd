package file

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"carillon/connectors/lines"
)

// fileMode lets the group read, as log shippers do.
const fileMode = 0o640

// regular is a handle on a regular file.
type regular struct {
	*os.File
	rotation *rotation
	path     string
	info     os.FileInfo
}

// Cut works only while what was written last is still the end of the file: what another process appended is not ours.
func (r *regular) Cut(n int) error {
	at, err := r.Seek(0, io.SeekCurrent) // after an append this is the end of what was appended
	if err != nil {
		return fmt.Errorf("asking for the position: %w", err)
	}
	info, err := r.Stat()
	if err != nil {
		return fmt.Errorf("asking for the size: %w", err)
	}
	if info.Size() != at {
		return errors.New("something else was appended to the file")
	}
	if err := r.Truncate(at - int64(n)); err != nil {
		return fmt.Errorf("cutting the file: %w", err)
	}
	return nil
}

// Turn implements lines.Handle.
func (r *regular) Turn(now time.Time, next int) string {
	info, err := os.Stat(r.path)
	if err != nil || !os.SameFile(info, r.info) {
		return "the file was moved away"
	}
	return r.rotation.turn(r.path, info, now, next)
}

// openPath opens path for appending and reports whether its last line lacks its newline. With fsync the name of a file that
// was made now is on the disk as well. A pipe without a reader blocks.
func (r *rotation) openPath(path string, fsync bool) (h lines.Handle, torn bool, err error) {
	flags := os.O_WRONLY | os.O_APPEND | os.O_CREATE
	if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() {
		flags = os.O_RDWR | os.O_APPEND | os.O_CREATE // read, too: the last byte says whether the last line is whole
	}
	f, err := os.OpenFile(path, flags, fileMode) //nolint:gosec // the path is the operator's, and the group shall read
	if err != nil {
		return nil, false, fmt.Errorf("opening for append: %w", err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, false, errors.Join(fmt.Errorf("asking for the size: %w", err), f.Close())
	case info.Mode().IsRegular():
		torn, err = endsTorn(f, info.Size())
		if err == nil && fsync {
			err = syncFolder(filepath.Dir(path))
		}
	case fsync:
		err = errors.New("opening for append: no regular file, which fsync: always needs")
	default:
		return lines.Stream{Writer: f, Free: f.Close}, false, nil
	}
	if err != nil {
		return nil, false, errors.Join(err, f.Close())
	}
	return &regular{File: f, rotation: r, path: path, info: info}, torn, nil
}

func endsTorn(f io.ReaderAt, size int64) (bool, error) {
	if size == 0 {
		return false, nil
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], size-1); err != nil {
		return false, fmt.Errorf("reading the last byte: %w", err)
	}
	return last[0] != '\n', nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // the folder of the operator's own path
	if err != nil {
		return fmt.Errorf("opening the folder: %w", err)
	}
	if err := folder.Sync(); err != nil {
		return errors.Join(fmt.Errorf("syncing the folder: %w", err), folder.Close())
	}
	return folder.Close()
}
