package main_test

import (
	"context"
	"flag"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/sequence"
)

var (
	faults    = flag.Int("faults", 21, "how many faults the fault test makes")
	faultSeed = flag.Uint64("fault-seed", 0, "seed of the fault test; 0 draws one")
)

const (
	// inFlight is how many deliveries must be under way when something goes wrong.
	inFlight = 100
	// perRound is how many meetings begin in a round of the feed.
	perRound = 8
	// soon is how long anything may take that should happen at once.
	soon = 30 * time.Second
)

// chaos is a router under load to which things happen.
type chaos struct {
	*rig
	*node
	dice *rand.Rand
	made map[string]int
	took map[string]time.Duration
}

// fault is one thing that may happen.
type fault struct {
	name string
	make func(*chaos, *testing.T)
}

// allFaults has the abrupt death twice: it is the one that everything else must be able to follow.
func allFaults() []fault {
	return []fault{
		{"kill", (*chaos).die},
		{"kill", (*chaos).die},
		{"restart", (*chaos).restart},
		{"events full", (*chaos).eventsFull},
		{"raw full", (*chaos).rawFull},
		{"reread", (*chaos).reread},
		{"rival", (*chaos).rival},
	}
}

// TestFaults disturbs the built binary again and again while it is fed over three paths and delivers: SIGKILL, restarts, full
// streams, records delivered again, and a rival that takes fences and writes. Then it looks for every event in the journal and
// at the sink.
//
//testing:invariants I1 I2 I3 I4 I5 I7 I8
func TestFaults(t *testing.T) {
	t.Parallel()
	seed := *faultSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("run again with -args -fault-seed %d", seed)
	r := newRig(t, newReceiver(), rigOptions{})
	c := &chaos{rig: r, node: r.nodes[0], dice: rand.New(rand.NewPCG(seed, 1)), made: map[string]int{}, took: map[string]time.Duration{}}
	r.launch(t, c.node)
	r.connect(t, c.http)
	r.confirmed(t, c.process)
	f := startFeed(t, seed, perRound, r.send)
	var next []fault
	for range *faults {
		if len(next) == 0 {
			next = allFaults()
			c.dice.Shuffle(len(next), func(i, j int) { next[i], next[j] = next[j], next[i] })
		}
		c.disturb(t, next[0])
		next = next[1:]
	}
	t.Logf("faults: %v, took %v", c.made, c.took)
	r.receiver.hurry()
	rounds := f.end(t)
	c.kill()
	floors := r.floors(t)
	r.launch(t, c.node)
	r.settle(t, c.process)
	counts := scrape(t, c.process)
	require.NoError(t, c.stop(t))
	r.audit(t, rounds, floors, counts)
}

// disturb waits until the router is busy, and a little longer, and makes the fault.
func (c *chaos) disturb(t *testing.T, f fault) {
	t.Helper()
	before := time.Now()
	c.busy(t)
	pause(t, time.Duration(c.dice.IntN(300))*time.Millisecond)
	c.busy(t)
	begin := time.Now()
	f.make(c, t)
	c.made[f.name]++
	c.took[f.name] += time.Since(begin)
	t.Logf("%-12s %6s  busy again after %s, %d in hand, %d deliveries", f.name, time.Since(begin).Round(time.Millisecond), begin.Sub(before).Round(time.Millisecond), c.receiver.flying(), c.receiver.count())
}

func (c *chaos) busy(t *testing.T) {
	t.Helper()
	c.await(t, 2*time.Minute, "100 deliveries in flight", func() bool { return c.receiver.flying() >= inFlight })
}

// die kills the router and gives it another life.
func (c *chaos) die(t *testing.T) {
	t.Helper()
	c.kill()
	c.launch(t, c.node)
}

// restart stops the router as an operator does.
func (c *chaos) restart(t *testing.T) {
	t.Helper()
	require.NoError(t, c.stop(t))
	c.launch(t, c.node)
}

func (c *chaos) eventsFull(t *testing.T) {
	t.Helper()
	c.full(t, "CHIME_EVENTS")
}

func (c *chaos) rawFull(t *testing.T) {
	t.Helper()
	c.full(t, "CHIME_RAW")
}

// full leaves a stream no room for a while: what is appended is refused.
func (c *chaos) full(t *testing.T, stream string) {
	t.Helper()
	raise := lower(t, c.jetStream(t), stream)
	pause(t, time.Duration(300+c.dice.IntN(500))*time.Millisecond)
	raise()
}

// lower takes all room from a stream; the function it returns gives it back.
func lower(t *testing.T, js jetstream.JetStream, stream string) (raise func()) {
	t.Helper()
	ctx := t.Context()
	s, err := js.Stream(ctx, stream)
	require.NoError(t, err)
	config := s.CachedInfo().Config
	tight := config
	tight.MaxBytes = 1
	_, err = js.UpdateStream(ctx, tight)
	require.NoError(t, err)
	return func() {
		_, err := js.UpdateStream(ctx, config)
		require.NoError(t, err)
	}
}

// reread makes the journal deliver records of one partition again that were processed long ago.
func (c *chaos) reread(t *testing.T) {
	t.Helper()
	js := c.jetStream(t)
	name := "sequence-" + strconv.Itoa(c.dice.IntN(journal.DefaultStream().Partitions))
	cons, err := js.Consumer(t.Context(), "CHIME_RAW", name)
	require.NoError(t, err)
	floor := cons.CachedInfo().AckFloor.Stream
	_, err = js.ResetConsumerToSequence(t.Context(), "CHIME_RAW", name, 1+c.dice.Uint64N(floor+1))
	require.NoError(t, err)
}

// rival lets a second process's sequencers take some partitions, without asking for the leases, and write until they are fenced
// themselves, again and again.
func (c *chaos) rival(t *testing.T) {
	t.Helper()
	j := openJournal(t, journal.ConnectConfig{URL: "nats://" + c.nats}, "rival")
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(200+c.dice.IntN(400))*time.Millisecond)
	defer cancel()
	done := make(chan struct{})
	rivals := 1 + c.dice.IntN(j.Partitions())
	for p := range rivals {
		s := newSequencer(j, p)
		go func() {
			defer func() { done <- struct{}{} }()
			for ctx.Err() == nil {
				if err := s.Run(ctx); err != nil {
					wait(ctx, 20*time.Millisecond)
				}
			}
		}()
	}
	for range rivals {
		<-done
	}
	require.NoError(t, j.Close())
}

func newSequencer(j *journal.Journal, p int) *sequence.Sequencer {
	return sequence.New(p, sequence.Settings{
		Journal: j, Order: order.Config{Mode: order.ModeTime, Window: holdWindow, Late: order.LateForward},
		Limits: sequence.DefaultLimits(j.Partitions()), Logger: slog.New(slog.DiscardHandler),
		Metrics: sequence.NewMetrics(prometheus.NewRegistry(), []string{"sqs", "sns", "eventbridge"}),
	})
}

// pause waits without doing anything, as an operator would between two faults.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	wait(t.Context(), d)
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
