package connectortest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// storm delivers events to a sink whose far side is disturbed.
type storm struct {
	T
	events

	driver  FaultDriver
	options FaultOptions
	lanes   []*stormLane
	ready   chan *stormLane // with room for all of them
	moved   chan struct{}   // holds a token when something was settled or has failed
	sent    []pipeline.Event
	calm    int // from which of sent on nothing was wrong
	turn    int // which lanes are next

	sink   pipeline.Sink // nil: closed
	batch  int
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu                      sync.Mutex
	tries                   map[chime.Identity]int // how often each event was written
	writes, failed, settled int
	last                    error    // of the Write that failed last
	wrong                   []string // what a sink must never do, the first few
}

// stormLane is the queue of one meeting. It is in ready, with a worker or waiting for another attempt, or it is idle.
type stormLane struct {
	key      string
	queue    []pipeline.Event
	attempts int // of the front
	busy     bool
}

func newStorm(t T, d FaultDriver, o FaultOptions) *storm {
	s := &storm{T: t, driver: d, options: o, ready: make(chan *stormLane, o.Meetings), moved: make(chan struct{}, 1), tries: map[chime.Identity]int{}}
	for i := range o.Meetings {
		s.lanes = append(s.lanes, &stormLane{key: fmt.Sprintf("meeting-%d", i)})
	}
	return s
}

// open builds and starts a sink and its workers.
func (s *storm) open() {
	s.Helper()
	s.sink, s.batch = s.driver.Open(), 1
	workers := 64
	if b, ok := s.sink.(pipeline.Batcher); ok {
		s.batch, workers = b.MaxBatch(), 8
	}
	if s.options.InFlight > 0 {
		workers = s.options.InFlight
	}
	if st, ok := s.sink.(pipeline.Starter); ok {
		if err := start("Start", func() error { return st.Start(context.Background()) }).wait(s, s.options.Patience); err != nil {
			s.fail("Start: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	for range workers {
		s.wg.Go(func() { s.work(ctx) })
	}
}

// close stops the workers, as a router does that stops, and closes the sink.
func (s *storm) close() {
	s.Helper()
	s.cancel()
	_ = start("Writes whose context has ended", func() error { s.wg.Wait(); return nil }).wait(s, s.options.Patience)
	sink := s.sink
	s.sink = nil
	if err := start("Close", func() error { return sink.Close(context.Background()) }).wait(s, s.options.Patience); err != nil {
		s.fail("Close: %v", err)
	}
}

// abandon lets go of what a failed test left open.
func (s *storm) abandon() {
	if s.sink == nil {
		return
	}
	if s.cancel != nil {
		s.cancel()
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.options.Patience)
	defer cancel()
	_ = s.sink.Close(ctx) // the test has failed already
}

func (s *storm) fail(format string, args ...any) {
	s.Helper()
	s.Errorf(format, args...)
	s.FailNow()
}

// feed gives n new events to lanes.
func (s *storm) feed(lanes []*stormLane, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range n {
		lane := lanes[i%len(lanes)]
		e := s.one(lane.key)
		s.sent = append(s.sent, e)
		lane.queue = append(lane.queue, e)
		if !lane.busy {
			lane.busy = true
			s.ready <- lane
		}
	}
}

// portion is what one lane has in a Write.
type portion struct {
	lane *stormLane
	n    int
}

// work calls the sink until ctx ends.
func (s *storm) work(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case lane := <-s.ready:
			portions, es := s.gather(lane)
			err := s.sink.Write(ctx, es)
			s.settle(portions, es, err)
		case <-ctx.Done():
		}
	}
}

// gather takes up to a batch from lane and from others that are ready, the events of a meeting together and in order.
func (s *storm) gather(lane *stormLane) ([]portion, []pipeline.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var portions []portion
	var es []pipeline.Event
	for {
		n := 1 // What was refused goes alone.
		if most := min(len(lane.queue), s.batch-len(es)); lane.attempts == 0 && most > 1 {
			n += rand.IntN(most) //nolint:gosec // chance, no secret
		}
		portions = append(portions, portion{lane, n})
		for _, e := range lane.queue[:n] {
			s.tries[e.ID]++
			es = append(es, e)
		}
		if len(es) >= s.batch {
			return portions, es
		}
		select {
		case lane = <-s.ready:
		default:
			return portions, es
		}
	}
}

// settle takes the answer to a Write.
func (s *storm) settle(portions []portion, es []pipeline.Event, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	if err != nil {
		s.failed++
		s.last = err
		s.inspect(err)
	}
	errs := pipeline.FailedAt(err, len(es))
	for _, p := range portions {
		s.answer(p, errs[:p.n])
		errs = errs[p.n:]
	}
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

// answer moves a lane on, or lets it wait. The caller holds mu.
func (s *storm) answer(p portion, errs []error) {
	ok := 0
	for ok < p.n && errs[ok] == nil {
		ok++
	}
	p.lane.queue = p.lane.queue[ok:]
	s.settled += ok
	if ok > 0 {
		p.lane.attempts = 0
	}
	for _, later := range errs[ok:] {
		if later == nil {
			s.blame("Write says that it accepted an event after one of the same meeting had failed")
		}
	}
	switch {
	case ok < p.n:
		p.lane.attempts++
		class, wait := pipeline.Classify(errs[ok])
		if class == pipeline.ClassReject || class == pipeline.ClassFatal {
			s.blame(fmt.Sprintf("Write gives up (%s) for a reason that passes: %v", class, errs[ok]))
		}
		most := min(time.Millisecond<<min(p.lane.attempts, 10), 100*time.Millisecond)
		pause := max(wait, rand.N(most)) //nolint:gosec // jitter
		time.AfterFunc(pause, func() { s.ready <- p.lane })
	case len(p.lane.queue) > 0:
		s.ready <- p.lane
	default:
		p.lane.busy = false
	}
}

// inspect looks for what no error may tell. The caller holds mu.
func (s *storm) inspect(err error) {
	for _, text := range texts(err) {
		for _, secret := range append([]string{payload}, s.driver.Secrets...) {
			if strings.Contains(text, secret) {
				s.blame(fmt.Sprintf("an error tells %q: %s", secret, text))
			}
		}
	}
}

// blame notes what a sink must never do. The caller holds mu.
func (s *storm) blame(what string) {
	if len(s.wrong) < 5 {
		s.wrong = append(s.wrong, what)
	}
}
