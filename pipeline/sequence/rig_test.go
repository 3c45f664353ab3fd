package sequence_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/pipelinetest"
	"carillon/pipeline/sequence"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	// limit is how long a test waits for anything.
	limit = 30 * time.Second
	// window is the hold of most tests: short, so that many holds end while a test writes.
	window = 20 * time.Millisecond
	// ample is a hold in which a busy machine stores what a test writes in one call.
	ample = 400 * time.Millisecond
)

var unlimited = order.Limits{Events: math.MaxInt, Bytes: math.MaxInt}

// rig is a journal of one partition whose RAW a test writes, with a client that looks into it.
type rig struct {
	t     *testing.T
	ctx   context.Context //nolint:containedctx // bounds one test.
	j     *journal.Journal
	js    jetstream.JetStream
	order order.Config
	limit sequence.Limits
	dice  *rand.Rand
	made  uint32
}

func newRig(t *testing.T, o order.Config, change func(*pipelinetest.JournalSetup)) *rig {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*limit)
	t.Cleanup(cancel)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := &rig{t: t, ctx: ctx, order: o, dice: rand.New(rand.NewPCG(seed, 1))}
	r.limit = sequence.Limits{Meetings: 1000, Order: unlimited, Out: 1000}
	addr := pipelinetest.FreeAddr(t)
	r.j = pipelinetest.OpenJournal(t, func(s *pipelinetest.JournalSetup) {
		s.Stream.Partitions, s.Connect.Embedded.Listen = 1, addr
		if change != nil {
			change(s)
		}
	})
	nc, err := nats.Connect("nats://" + addr)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	r.js, err = jetstream.New(nc)
	require.NoError(t, err)
	return r
}

func inTime(w time.Duration) order.Config {
	return order.Config{Mode: order.ModeTime, Window: w, Late: order.LateForward}
}

// note returns a notification of a new event.
func (r *rig) note(key, kind, attendee string, ms int64) journal.Notification {
	r.made++
	n := journal.Notification{
		Record: chime.Record{Key: key, Kind: kind, Attendee: attendee, Time: ms},
		Source: "queue", Received: time.UnixMilli(ms), Body: fmt.Appendf(nil, "event %d", r.made),
	}
	binary.BigEndian.PutUint64(n.ID[:], r.dice.Uint64())
	binary.BigEndian.PutUint32(n.ID[12:], r.made)
	return n
}

// write appends notifications to RAW in order, in one call.
func (r *rig) write(ns ...journal.Notification) {
	r.t.Helper()
	msgs := make([]*nats.Msg, len(ns))
	for i, n := range ns {
		msgs[i] = r.j.RawMessage(n)
	}
	require.NoError(r.t, r.j.AppendRaw(r.ctx, msgs))
}

// script draws events of few meetings with few timestamps, each in one to three copies, moved a little in time.
func (r *rig) script(events int) []journal.Notification {
	type copied struct {
		n  journal.Notification
		at int
	}
	kinds := []string{"chime:AttendeeJoined", "chime:AttendeeDropped", "chime:AttendeeLeft", "chime:AttendeeVideoStarted", "chime:AttendeeVideoStopped", "chime:SomethingNew"}
	var all []copied
	for i := range events {
		n := r.note("meeting-"+strconv.Itoa(r.dice.IntN(4)), kinds[r.dice.IntN(len(kinds))], string(rune('a'+r.dice.IntN(2))), int64(1000+i/4))
		for _, source := range []string{"queue", "topic", "bus"}[:1+r.dice.IntN(3)] {
			n.Source = source
			all = append(all, copied{n, i + r.dice.IntN(20)})
		}
	}
	slices.SortStableFunc(all, func(a, b copied) int { return cmp.Compare(a.at, b.at) })
	out := make([]journal.Notification, len(all))
	for i, c := range all {
		out[i] = c.n
	}
	return out
}

// writeSlowly appends notifications in small pieces with small pauses, some of them longer than the window.
func (r *rig) writeSlowly(ns []journal.Notification) {
	r.t.Helper()
	for len(ns) > 0 {
		n := min(len(ns), 1+r.dice.IntN(8))
		r.write(ns[:n]...)
		ns = ns[n:]
		r.pause(time.Duration(r.dice.IntN(4)) * time.Millisecond)
		if r.dice.IntN(20) == 0 {
			r.pause(window + 10*time.Millisecond)
		}
	}
}

func (r *rig) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.ctx.Done():
	}
}

// life is one sequencer with its metrics.
type life struct {
	*sequence.Sequencer
	r    *rig
	reg  *prometheus.Registry
	stop context.CancelFunc
	done chan error
}

func (r *rig) sequencer() *life {
	l := &life{r: r, reg: prometheus.NewRegistry()}
	l.Sequencer = sequence.New(0, sequence.Settings{
		Journal: r.j, Order: r.order, Limits: r.limit, Logger: slog.New(slog.DiscardHandler),
		Metrics: sequence.NewMetrics(l.reg, []string{"queue", "topic", "bus"}),
	})
	return l
}

// start runs the sequencer once.
func (l *life) start() {
	ctx, stop := context.WithCancel(l.r.ctx)
	l.stop, l.done = stop, make(chan error, 1)
	go func() { l.done <- l.Run(ctx) }()
}

// own runs the sequencer again whenever it returns with an error, as the owner of a partition does while it has the lease.
func (l *life) own() {
	ctx, stop := context.WithCancel(l.r.ctx)
	l.stop, l.done = stop, make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			if err := l.Run(ctx); err != nil {
				l.r.pause(5 * time.Millisecond)
			}
		}
		l.done <- nil
	}()
}

// end tells the sequencer to stop and expects it to do so without an error.
func (l *life) end() {
	l.r.t.Helper()
	l.stop()
	require.NoError(l.r.t, l.returned())
}

// returned waits until Run has returned.
func (l *life) returned() error {
	l.r.t.Helper()
	select {
	case err := <-l.done:
		l.stop()
		return err
	case <-time.After(limit):
		require.Fail(l.r.t, "Run did not return")
		return nil
	}
}

// sum returns the sum of a metric over all its labels.
func (l *life) sum(name string) int {
	l.r.t.Helper()
	families, err := l.reg.Gather()
	require.NoError(l.r.t, err)
	sum := 0.0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return int(sum)
}

// raw returns what RAW holds: the events of its records with their store times.
func (r *rig) raw() (events []pipeline.Event, stored []time.Time) {
	r.t.Helper()
	s, err := r.js.Stream(r.ctx, "CHIME_RAW")
	require.NoError(r.t, err)
	for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		raw, err := s.GetMsg(r.ctx, seq)
		require.NoError(r.t, err)
		m := journal.Message{Sequence: raw.Sequence, Header: raw.Header, Body: raw.Data}
		if e, err := m.Event(); err == nil {
			events, stored = append(events, e), append(stored, raw.Time)
		}
	}
	return events, stored
}

// expected returns what must come of RAW, whoever reads it however often: each event once, as order says for log time.
func (r *rig) expected() map[string][]pipeline.Event {
	r.t.Helper()
	events, stored := r.raw()
	b := order.New[pipeline.Event](r.order, unlimited)
	seen := map[chime.Identity]bool{}
	var due []order.Entry[pipeline.Event]
	var now time.Time
	for i, e := range events {
		if stored[i].After(now) {
			now = stored[i]
		}
		if !seen[e.ID] {
			seen[e.ID] = true
			b.Push(now, order.Entry[pipeline.Event]{Key: e.Key, ID: e.ID, Kind: e.Kind, Attendee: e.Attendee, Time: e.Time.UnixMilli(), Payload: e})
		}
	}
	due = b.Due(due, now.Add(time.Hour))
	out := map[string][]pipeline.Event{}
	for _, d := range due {
		e := d.Payload
		e.IsLate, e.Late, e.First, e.Body = d.IsLate, time.Duration(d.Late)*time.Millisecond, d.First, nil
		out[e.Key] = append(out[e.Key], e)
	}
	return out
}

// requireEvents waits until EVENTS holds as many events as RAW has, and expects them to be what must come of RAW.
func (r *rig) requireEvents() map[string][]pipeline.Event {
	r.t.Helper()
	want := r.expected()
	have := map[string][]pipeline.Event{}
	require.Eventually(r.t, func() bool {
		enough := true
		for key := range want {
			have[key] = r.history(key)
			enough = enough && len(have[key]) >= len(want[key])
		}
		return enough
	}, limit, 10*time.Millisecond, "every event in EVENTS")
	require.Equal(r.t, want, have)
	return have
}

// history returns the events of a meeting in EVENTS, without their sequences.
func (r *rig) history(key string) []pipeline.Event {
	r.t.Helper()
	events, err := r.j.History(r.ctx, 0, key)
	require.NoError(r.t, err)
	for i := range events {
		events[i].Sequence = 0
	}
	return events
}

// acknowledged waits until RAW need not be read again at all.
func (r *rig) acknowledged() {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		s, err := r.js.Stream(r.ctx, "CHIME_RAW")
		if err != nil {
			return false
		}
		c, err := s.Consumer(r.ctx, "sequence-0")
		return err == nil && c.CachedInfo().AckFloor.Stream == s.CachedInfo().State.LastSeq
	}, limit, 10*time.Millisecond, "RAW acknowledged")
}
