package connectortest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carillon/pipeline"
)

// sourceRig is one check under way: a far side, one source at a time, an emitter, and what was learned.
type sourceRig struct {
	T

	driver   *SourceDriver
	patience time.Duration
	out      *ledger
	log      logged
	told     []string
	place    map[string]int // of each body that was put, from 0

	cancel  context.CancelFunc
	running *call // Run; nil: not under way
	closed  bool
}

// logged keeps what a source logs. It is safe for concurrent use.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String returns all of it.
func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newSourceRig(t T, d *SourceDriver, patience time.Duration) *sourceRig {
	return &sourceRig{T: t, driver: d, patience: patience, out: newLedger(d.Unwrap), place: map[string]int{}}
}

// failf fails the check and ends it.
func (r *sourceRig) failf(format string, args ...any) {
	r.Helper()
	r.Errorf(format, args...)
	r.FailNow()
}

func (r *sourceRig) settings() pipeline.Settings {
	return pipeline.Settings{
		ID: "source", Logger: slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Registerer: prometheus.NewRegistry(), Clock: time.Now,
	}
}

// begin builds a source, starts it and lets it run.
func (r *sourceRig) begin() {
	r.Helper()
	src, err := r.driver.Open(r.settings())
	r.note(err)
	if err != nil {
		r.failf("building the source: %v", err)
	}
	if err := r.start(src); err != nil {
		r.failf("Start: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.out.end(false)
	running := start("Run", func() error {
		err := src.Run(ctx, r.out)
		if n := r.out.end(true); n > 0 {
			r.Errorf("Run returned while %d calls of Emit were under way", n)
		}
		return err
	})
	r.running = &running
}

// start calls Start where there is one.
func (r *sourceRig) start(src pipeline.Source) error {
	r.Helper()
	starter, ok := src.(pipeline.Starter)
	if !ok {
		return nil
	}
	err := start("Start", func() error { return starter.Start(context.Background()) }).wait(r, r.patience)
	r.note(err)
	return err
}

// stop ends the source, if there is one that runs, which must take at most limit.
func (r *sourceRig) stop(limit time.Duration) {
	r.Helper()
	if r.running == nil {
		return
	}
	run := *r.running
	r.running = nil
	r.cancel()
	err := run.wait(r, limit)
	r.note(err)
	if err != nil {
		r.failf("Run returned %v, not nil, when it was stopped", err)
	}
}

// abandon ends what a failed check left, and does not care how.
func (r *sourceRig) abandon() {
	r.out.open()
	if r.cancel != nil {
		r.cancel()
	}
	if r.running != nil {
		timer := time.NewTimer(r.patience)
		defer timer.Stop()
		select {
		case err := <-r.running.done:
			r.note(err)
		case <-timer.C:
		}
	}
	r.closeFarSide()
}

func (r *sourceRig) closeFarSide() {
	if !r.closed {
		r.closed = true
		r.driver.Close()
	}
}

// note remembers an error for checkTold.
func (r *sourceRig) note(err error) { r.told = append(r.told, texts(err)...) }

func (r *sourceRig) checkTold() {
	r.Helper()
	checkTold(r, "an error", r.told, r.driver.Secrets)
	checkTold(r, "the log", []string{r.log.String()}, r.driver.Secrets)
}

// next returns n bodies of notifications as Chime words them, none of them twice in a check.
func (r *sourceRig) next(n int) []string {
	out := make([]string, n)
	for i := range out {
		k := len(r.place) + i
		out[i] = fmt.Sprintf(`{"version":"0","id":"%032d","detail-type":"Chime Meeting State Change","source":"aws.chime",`+
			`"account":"111122223333","time":"2025-10-09T08:53:20Z","region":"us-east-1","resources":[],"detail":{"version":"0",`+
			`"eventType":"chime:AttendeeJoined","timestamp":%d,"meetingId":"meeting-%d","attendeeId":"attendee-%d",`+
			`"externalUserId":"%s-%d"}}`, k, 1760000000000+k, k%3, k, payload, k)
	}
	return out
}

// put gives bodies to the far side.
func (r *sourceRig) put(bodies []string) []string {
	for _, b := range bodies {
		r.place[b] = len(r.place)
	}
	r.driver.Put(bodies...)
	return bodies
}
