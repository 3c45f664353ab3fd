package lines

import (
	"errors"
	"io"
	"time"
)

// Handle is an open destination of bytes.
type Handle interface {
	io.Writer
	// Sync waits until everything written is on the disk, where there is one.
	Sync() error
	// Cut takes the last n bytes back, or says why it cannot.
	Cut(n int) error
	// Turn is asked before next bytes are written, and with 0 now and then while nothing is. It returns why they have to go to
	// a handle that is opened anew, or nothing.
	Turn(now time.Time, next int) (why string)
	// Close frees what the handle holds.
	Close() error
}

// Stream is a Handle that can only be written to.
type Stream struct {
	io.Writer
	// Free does what Close shall do; nil: nothing.
	Free func() error
}

// Sync does nothing: there is no disk.
func (Stream) Sync() error { return nil }

// Cut cannot.
func (Stream) Cut(int) error { return errors.New("a stream cannot be cut") }

// Turn is never necessary.
func (Stream) Turn(time.Time, int) string { return "" }

// Close calls Free.
func (s Stream) Close() error {
	if s.Free == nil {
		return nil
	}
	return s.Free()
}
