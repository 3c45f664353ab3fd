package deliver

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
	"carillon/pipeline/pipelinetest"
)

// outageEvents is how many events wait for a sink that is down; the gate takes 600000.
var outageEvents = flag.Int("outage-events", 20_000, "events that wait in TestOutage")

// tally is a sink that counts, checks the order of each meeting, and is down while it is told to be.
type tally struct {
	down   atomic.Bool
	asked  atomic.Int64
	flying atomic.Int64
	most   atomic.Int64 // flying at once

	mu       sync.Mutex
	last     map[string]int64
	wrong    []string
	accepted int
	live     []time.Time // when it accepted each event of meeting "live"
}

func newTally() *tally { return &tally{last: map[string]int64{}} }

func (s *tally) Write(_ context.Context, events []pipeline.Event) error {
	n := s.flying.Add(1)
	defer s.flying.Add(-1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	s.asked.Add(1)
	if s.down.Load() {
		runtime.Gosched() // Let another one come in, if there is one.
		return errRefused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range events {
		e := &events[i]
		if number := e.Time.UnixMilli(); number != s.last[e.Key]+1 {
			s.wrong = append(s.wrong, fmt.Sprintf("%s: %d after %d", e.Key, number, s.last[e.Key]))
		}
		s.last[e.Key] = e.Time.UnixMilli()
		s.accepted++
		if e.Key == "live" {
			s.live = append(s.live, time.Now())
		}
	}
	return nil
}

func (*tally) Close(context.Context) error { return nil }

func (s *tally) state() (accepted int, wrong []string, live []time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted, s.wrong, s.live
}

// city is a journal of several partitions with many meetings.
type city struct {
	*rig
	fences []*journal.Fence
	keys   []string
}

const cityPartitions = 2

func newCity(t *testing.T, meetings int) *city {
	t.Helper()
	r := newRig(t, func(s *pipelinetest.JournalSetup) {
		s.Stream.Partitions, s.Stream.MaxBytes = cityPartitions, 2*pipeline.GiB
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	t.Cleanup(cancel)
	r.ctx = ctx
	c := &city{rig: r, fences: []*journal.Fence{r.fence}}
	for p := 1; p < cityPartitions; p++ {
		f, err := r.j.TakeFence(ctx, p)
		require.NoError(t, err)
		c.fences = append(c.fences, f)
	}
	for i := range meetings {
		c.keys = append(c.keys, fmt.Sprintf("m%d", i))
	}
	return c
}

// live appends the next event of each of keys.
func (c *city) live(keys ...string) {
	c.t.Helper()
	msgs := make([][]*nats.Msg, cityPartitions)
	for _, key := range keys {
		e := c.event(key)
		e.Body = make([]byte, 400)
		p := chime.Partition(key, cityPartitions)
		msgs[p] = append(msgs[p], c.j.EventMessage(p, e))
	}
	for p, m := range msgs {
		require.NoError(c.t, c.fences[p].Append(c.ctx, m))
	}
}

// start delivers all partitions to sink by the given clock.
func (c *city) start(id string, sink pipeline.Sink, config Config, now func() time.Time) (*delivery, func()) {
	c.t.Helper()
	d := c.build(id, sink, config)
	d.set.Clock = now
	ctx, stop := context.WithCancel(c.ctx)
	var running sync.WaitGroup
	for p := range cityPartitions {
		running.Go(func() {
			if err := d.Run(ctx, p, c.fences[p].Epoch); err != nil {
				c.t.Error(err)
			}
		})
	}
	return d, func() {
		stop()
		running.Wait()
		require.NoError(c.t, d.Stop(c.ctx))
	}
}

// probes returns how many probes failed in a row.
func (d *delivery) probes() int {
	d.gate.mu.Lock()
	defer d.gate.mu.Unlock()
	return d.gate.breaker.probes
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestOutage has a sink that is down for ten minutes while events wait: memory stays bounded, a single event at a time is tried, no
// event pays for the outage, and afterwards all is delivered in order, each once, while another sink gets its own at once.
func TestOutage(t *testing.T) {
	c := newCity(t, 500)
	for n := 0; n < *outageEvents; n += len(c.keys) {
		c.live(c.keys...)
	}
	before := heap()

	var now clock
	config := DefaultConfig()
	config.Start, config.Retry.GiveUpAfter, config.LanePatience = StartEarliest, time.Minute, time.Minute
	sink := newTally()
	sink.down.Store(true)
	d, end := c.start("down", sink, config, now.time)
	earlier := int64(0)
	c.eventually("the outage is noticed", func() bool { // and what a worker had in its hands has come to the sink, too
		asked := sink.asked.Load()
		quiet := asked == earlier && sink.flying.Load() == 0
		earlier = asked
		return quiet && d.Condition().State == StateOut
	})
	burnt := sink.asked.Load()
	require.LessOrEqual(t, burnt, int64(2*config.MaxInFlight), "what was with the sink when the first answers came")
	sink.most.Store(0)
	for probe := range 40 {
		now.pass(15 * time.Second)
		c.eventually("a probe", func() bool { return d.probes() == probe+1 })
		require.Equal(t, burnt+int64(probe)+1, sink.asked.Load(), "one at a time")
	}
	require.EqualValues(t, 1, sink.most.Load())
	grown := int64(heap()) - int64(before)
	t.Logf("%d events wait; %d attempts before the outage was noticed, 40 in it; %d MiB more in use", *outageEvents, burnt, grown>>20)
	require.Less(t, grown, int64(cityPartitions*(maxOpenBytes+16<<20)))

	other := newTally()
	late := testConfig()
	late.Start = StartNow
	_, endOther := c.start("other", other, late, time.Now)
	sink.down.Store(false)
	now.pass(10 * time.Second)
	begin, sent, stored := time.Now(), 0, []time.Time{}
	for accepted := 0; accepted < *outageEvents+sent; accepted, _, _ = sink.state() {
		require.NoError(t, c.ctx.Err())
		c.live("live")
		sent++
		stored = append(stored, time.Now())
		<-time.After(5 * time.Millisecond)
	}
	drained := time.Since(begin)
	c.eventually("the other has its own", func() bool { n, _, _ := other.state(); return n == sent })
	endOther()
	end()
	_, wrong, _ := sink.state()
	require.Empty(t, wrong)
	_, wrong, live := other.state()
	require.Empty(t, wrong)
	worst := time.Duration(0)
	for i := range live {
		worst = max(worst, live[i].Sub(stored[i]))
	}
	t.Logf("recovered in %s, %.0f events/s; the other sink had %d meanwhile, the slowest after %s",
		drained, float64(*outageEvents)/drained.Seconds(), sent, worst)
	require.Less(t, worst, max(5*time.Second, drained/4), "a machine may be busy; the drain of 600,000 takes far longer")
	require.Empty(t, c.dead("down"))
	require.Zero(t, d.metric("carillon_deliver_dead_total"))
	require.Equal(t, StateDelivering, d.Condition().State)
}

// TestGuard has a sink that rejects everything, as a wrong URL does: few events go to the dead letters, then one at a time is tried
// and kept. It goes on by itself when one is accepted, and when an operator says so.
func TestGuard(t *testing.T) {
	r := newRig(t, nil)
	keys := make([]string, 50)
	for i := range keys {
		keys[i] = fmt.Sprintf("m%d", i)
	}
	r.fill(10, keys...)
	var sink pipelinetest.Sink
	var wrong atomic.Bool
	var asked atomic.Int64
	wrong.Store(true)
	sink.Decide(func(pipeline.Event) error {
		asked.Add(1)
		if wrong.Load() {
			return pipeline.Reject(errRefused)
		}
		return nil
	})
	config := testConfig()
	share := int(config.Guard.Share*float64(config.Guard.Last)) + 1
	d := r.deliver("out", &sink, config)
	r.eventually("held back", func() bool { return d.Condition().State == StateHeld })
	r.eventually("dead letters", func() bool { return len(r.dead("out")) == share })
	before := asked.Load()
	r.eventually("probes", func() bool { return asked.Load() > before+10 })
	require.Len(t, r.dead("out"), share, "what is tried is kept")
	require.Equal(t, errRefused.Error(), d.Condition().Reason)

	require.NoError(t, r.j.ResumeSink("out"))
	r.eventually("as many again", func() bool { return len(r.dead("out")) == 2*share })
	r.eventually("held back again", func() bool { return d.Condition().State == StateHeld })
	wrong.Store(false)
	require.NoError(t, sink.Wait(r.ctx, 10*len(keys)-2*share))
	r.settled()
	require.Equal(t, StateDelivering, d.Condition().State)
	d.end()
	require.Len(t, r.dead("out"), 2*share)
	for key, got := range numbers(sink.Accepted()) {
		require.IsIncreasing(t, got, key)
	}
}
