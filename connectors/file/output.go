package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// output appends batches to one destination and keeps its lines whole. One goroutine at a time may use it.
type output struct {
	open    func() (handle, bool, error)
	fsync   bool
	logger  *slog.Logger
	metrics *metrics

	h    handle // nil: not open
	torn bool   // the last line has no newline yet
}

// ready opens the destination unless it is open, and again when its name stands for another file by now.
func (o *output) ready(ctx context.Context) error {
	if o.h != nil && o.h.Moved() {
		o.logger.InfoContext(ctx, "file was moved away; going on in a new one")
		if err := o.close(); err != nil {
			return err
		}
	}
	if o.h != nil {
		return nil
	}
	h, torn, err := o.open()
	if err != nil {
		return err
	}
	if torn {
		o.logger.WarnContext(ctx, "last line has no newline; ending it before the next event")
	}
	o.h, o.torn = h, torn
	return nil
}

// write appends b and returns how many of its lines are accepted: always the first ones. Fewer than all come with an error.
func (o *output) write(ctx context.Context, b *batch) (lines int, err error) {
	if err := o.ready(ctx); err != nil {
		return 0, err
	}
	n, err := o.put(b)
	lines, rest := b.whole(n)
	if err != nil {
		err = fmt.Errorf("appending: %w", err)
		o.mend(rest)
	}
	if lines == 0 || !o.fsync {
		return lines, err
	}
	if syncErr := o.h.Sync(); syncErr != nil {
		// A system may report lost pages once and forget them. So nothing of this batch counts, it will be written again,
		// and the file is opened anew.
		return 0, fmt.Errorf("syncing: %w", errors.Join(syncErr, o.close()))
	}
	return lines, err
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

// close closes what is open. A later ready opens it again.
func (o *output) close() error {
	if o.h == nil {
		return nil
	}
	h := o.h
	o.h = nil
	if err := h.Close(); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	return nil
}
