package main_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"carillon/connectors/awslocal"
	"carillon/pipeline/simulate"
)

const (
	// roundEvery is how often a round of meetings begins, roundLength how long one takes: two overlap.
	roundEvery  = 2 * time.Second
	roundLength = 4 * time.Second
	// firstRound is how many times as large the first round is, so that the sink is busy soon.
	firstRound = 12
)

// round is meetings whose truth is known, and how their notifications are delivered.
type round struct {
	truth simulate.Truth
	plan  []simulate.Delivery
}

// feed sends round after round until it is told to stop; a round that began is sent to its end.
type feed struct {
	seed   uint64
	size   int // meetings in a round
	send   func(simulate.Delivery) error
	stop   context.CancelFunc
	done   chan error
	rounds []round
}

// startFeed begins to send rounds of so many meetings.
func startFeed(t *testing.T, seed uint64, size int, send func(simulate.Delivery) error) *feed {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	f := &feed{seed: seed, size: size, send: send, stop: stop, done: make(chan error, 1)}
	go func() { f.done <- f.run(ctx, t.Context()) }()
	return f
}

// run starts rounds until ctx ends and sends each to its end, unless all ends.
func (f *feed) run(ctx, all context.Context) error {
	g, all := errgroup.WithContext(all)
	tick := time.NewTicker(roundEvery)
	defer tick.Stop()
	for ctx.Err() == nil && all.Err() == nil {
		size := f.size
		if len(f.rounds) == 0 {
			size *= firstRound
		}
		r, err := newRound(f.seed+uint64(len(f.rounds)), size)
		if err != nil {
			return err
		}
		f.rounds = append(f.rounds, r)
		g.Go(func() error { return f.play(all, r.plan) })
		select {
		case <-tick.C:
		case <-ctx.Done():
		case <-all.Done():
		}
	}
	return g.Wait()
}

func newRound(seed uint64, meetings int) (round, error) {
	profile := simulate.Demo(seed, time.Now().Add(100*time.Millisecond).Truncate(time.Millisecond))
	profile.Meetings, profile.Duration = meetings, roundLength
	truth, err := simulate.Generate(profile)
	if err != nil {
		return round{}, err
	}
	return round{truth: truth, plan: simulate.Plan(profile, truth)}, nil
}

// play sends plan at its own pace.
func (f *feed) play(ctx context.Context, plan []simulate.Delivery) error {
	for _, d := range plan {
		select {
		case <-time.After(time.Until(d.At)):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := f.push(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// push sends d, as soon as what takes its place at AWS has room: a router that is busy with its faults may be far behind.
func (f *feed) push(ctx context.Context, d simulate.Delivery) error {
	for {
		err := f.send(d)
		if refusal, ok := errors.AsType[*awslocal.APIError](err); !ok || !strings.HasPrefix(refusal.Code, "Thrott") {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// end stops the feed and returns what was sent.
func (f *feed) end(t *testing.T) []round {
	t.Helper()
	f.stop()
	require.NoError(t, <-f.done)
	return f.rounds
}
