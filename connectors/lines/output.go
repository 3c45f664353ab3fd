package lines

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Sync says when what was written has to be on the disk.
type Sync string

const (
	// SyncAlways waits for it before an event is accepted: a power loss takes nothing that was.
	SyncAlways Sync = "always"
	// SyncInterval does so after a while: a power loss may take what was accepted within it.
	SyncInterval Sync = "interval"
	// SyncNever leaves it to the system.
	SyncNever Sync = "never"
)

// output appends batches to one destination and keeps its lines whole. One goroutine at a time may use it.
type output struct {
	open     func() (Handle, bool, error)
	sync     Sync
	interval time.Duration
	logger   *slog.Logger
	metrics  *metrics

	h      Handle    // nil: not open
	torn   bool      // the last line has no newline yet
	dirty  bool      // something was accepted that may not be on the disk
	synced time.Time // when everything was on the disk
}

// ready opens the destination unless it is open, and anew when next bytes have to go elsewhere. What is found when it is opened
// may be full or old as well.
func (o *output) ready(ctx context.Context, now time.Time, next int) error {
	for tries := 0; ; tries++ {
		if o.h == nil {
			h, torn, err := o.open()
			if err != nil {
				return err
			}
			if torn {
				o.logger.WarnContext(ctx, "last line has no newline; ending it before the next event")
			}
			o.h, o.torn, o.synced = h, torn, now
		}
		why := o.h.Turn(now, next)
		if why == "" || tries > 1 {
			break
		}
		o.logger.InfoContext(ctx, "going on in a new file", reason(why))
		if err := o.close(); err != nil {
			return err
		}
	}
	return nil
}

// write appends b and returns how many of its lines are accepted: always the first ones. Fewer than all come with an error.
func (o *output) write(ctx context.Context, now time.Time, b *batch) (lines int, err error) {
	if err := o.ready(ctx, now, len(b.text)); err != nil {
		return 0, err
	}
	n, err := o.put(b)
	lines, rest := b.whole(n)
	if err != nil {
		err = fmt.Errorf("appending: %w", err)
		o.mend(rest)
	}
	if lines == 0 {
		return 0, err
	}
	o.dirty = true
	if syncErr := o.flush(now); syncErr != nil {
		return 0, syncErr // Nothing of this batch counts; it will be written again.
	}
	return lines, err
}

// flush syncs when it is time to.
func (o *output) flush(now time.Time) error {
	if !o.dirty || o.sync == SyncNever || o.sync == SyncInterval && now.Sub(o.synced) < o.interval {
		return nil
	}
	err := o.h.Sync()
	if err == nil {
		o.dirty, o.synced = false, now
		return nil
	}
	// A system may report lost pages once and forget them, so the file is opened anew.
	o.dirty = false
	o.metrics.unsynced.Inc()
	return fmt.Errorf("syncing: %w", errors.Join(err, o.close()))
}

// tend does what is due while nothing is written.
func (o *output) tend(ctx context.Context, now time.Time) error {
	if err := o.flush(now); err != nil || o.h == nil {
		return err
	}
	return o.ready(ctx, now, 0)
}

// put writes b, with its leading newline when the line before has to be ended, and returns where in b.text it stopped.
func (o *output) put(b *batch) (int, error) {
	from := 1
	if o.torn {
		from = 0
	}
	n, err := o.h.Write(b.text[from:])
	if err == nil && from+n < len(b.text) {
		err = io.ErrShortWrite
	}
	if o.torn && n > 0 {
		o.torn = false
		o.metrics.torn.Inc()
	}
	return from + n, err
}

// mend takes a half line back, or remembers that it has to be ended.
func (o *output) mend(rest int) {
	if rest > 0 {
		o.torn = o.h.Cut(rest) != nil
	}
}

// close closes what is open, with all of it on the disk where that matters. A later ready opens it again.
func (o *output) close() error {
	if o.h == nil {
		return nil
	}
	h, due := o.h, o.dirty && o.sync != SyncNever
	o.h, o.dirty = nil, false
	var err error
	if due {
		err = h.Sync()
	}
	if err = errors.Join(err, h.Close()); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	return nil
}
