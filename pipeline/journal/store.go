package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/sys/unix"

	"carillon/pipeline/telemetry"
)

const (
	// storeEvery is how often the store of an embedded server is looked at.
	storeEvery = 500 * time.Millisecond
	// storeHangs is when a store that does not answer counts as one that failed, until it does.
	storeHangs = 5 * time.Second
	// reopenPause is the least time between two openings of a store: the disk may say that there is space, and a quota not.
	reopenPause = 3 * time.Second
)

// writable returns nil when a write of this kind may be tried, otherwise why not; then nothing was stored. It costs next to
// nothing, and a cluster is always asked itself.
func (j *Journal) writable(n need) error {
	if j.server == nil {
		return nil
	}
	if failed := j.server.failed.Load(); failed != nil {
		return *failed
	}
	return j.server.disk.room(time.Now(), n)
}

// failure returns why the store takes nothing more, nil when it is sound. Since 2.14 a stream that could not be written once is
// frozen: what is published to it gets no answer, so nobody else would say why. It may hang where the server does.
func (e *embedded) failure() error {
	srv, err := e.current()
	if err != nil {
		return fmt.Errorf("%w: %w: %w", ErrStore, ErrFull, err) // It is down because it found no space.
	}
	if !srv.JetStreamEnabled() {
		return fmt.Errorf("%w: JetStream has switched itself off: check the disk of %s, then restart carillon", ErrStore, e.config.Dir)
	}
	if err := e.unsynced(); err != nil {
		return e.explain(err.Error())
	}
	for _, found := range srv.Healthz(&server.HealthzOptions{Details: true}).Errors {
		if found.Type != server.HealthzErrorStream {
			continue // Of connections, say, which come and go.
		}
		return e.explain(found.Error)
	}
	return nil
}

// explain says what to do about a store that failed.
func (e *embedded) explain(text string) error {
	if outOfSpace(text) {
		return fmt.Errorf("%w: %w: %s: free some space on the disk of %s, and the journal goes on by itself", ErrStore, ErrFull, text, e.config.Dir)
	}
	return fmt.Errorf("%w: %s: check the disk of %s, then restart carillon", ErrStore, text, e.config.Dir)
}

// outOfSpace reports whether a text of the server tells of a write that found no space. The server passes no errors on.
func outOfSpace(text string) bool {
	return strings.Contains(text, unix.ENOSPC.Error()) || strings.Contains(text, unix.EDQUOT.Error())
}

// keepStore looks at disk and store until ctx ends, stops writes while something is wrong, and says so.
func (j *Journal) keepStore(ctx context.Context) {
	tick := time.NewTicker(storeEvery)
	defer tick.Stop()
	said := ""
	for {
		answer := make(chan error, 1)
		go func() { answer <- j.server.failure() }()
		hangs := time.NewTimer(storeHangs)
		for open := true; open; {
			select {
			case err := <-answer:
				said, open = j.tell(ctx, said, j.mend(ctx, err)), false
			case <-hangs.C:
				err := fmt.Errorf("%w: JetStream has not answered for %s: if it does not come back, restart carillon", ErrStore, storeHangs)
				j.server.failed.Store(&err)
				said = j.tell(ctx, said, err)
			case <-ctx.Done():
				hangs.Stop()
				return
			}
		}
		hangs.Stop()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// mend returns what is wrong, given why the store failed. One that failed for want of space is opened again as soon as there is
// some: what was acknowledged is on disk. One that failed otherwise is not, because nobody knows what a disk that failed once
// has kept of what it took: a person has to look.
func (j *Journal) mend(ctx context.Context, failed error) error {
	e := j.server
	full := e.disk.room(time.Now(), needAppend)
	if failed == nil {
		e.failed.Store(nil)
		return full
	}
	e.failed.Store(&failed)
	if full != nil || !errors.Is(failed, ErrFull) || time.Since(e.opened) < reopenPause {
		return failed
	}
	defer func() { e.opened = time.Now() }()
	begin := time.Now()
	if err := e.restart(); err != nil {
		e.failed.Store(&err)
		return err
	}
	e.failed.Store(nil)
	j.set.Logger.InfoContext(ctx, "there is space again: the store was opened anew", telemetry.Where(e.config.Dir), telemetry.Took(time.Since(begin)))
	return nil
}

// tell logs err unless that was the last thing said, and returns what was said last.
func (j *Journal) tell(ctx context.Context, said string, err error) string {
	switch {
	case err == nil && said == "":
		return ""
	case err == nil:
		j.set.Logger.InfoContext(ctx, "the journal takes notifications again")
		return ""
	case err.Error() == said:
	case errors.Is(err, ErrFull):
		j.set.Logger.WarnContext(ctx, "sources are pushed back: the disk is full", telemetry.Err(err))
	default:
		j.set.Logger.ErrorContext(ctx, "sources are pushed back: nothing can be stored", telemetry.Err(err))
	}
	return err.Error()
}
