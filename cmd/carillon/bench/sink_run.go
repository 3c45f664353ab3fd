package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
)

// sinkRun compares the delivery from a journal to a sink with a bare loop that sends the same bytes to the same far side with the
// same client library, as many at once and in batches as large. Both have slices of the same events, in turn.
type sinkRun struct {
	options Options
	far     far
	journal *journal.Journal
	logger  *slog.Logger
	events  []pipeline.Event // as a sink gets them, one partition after the other, each in the order of EVENTS
	counts  []int            // events of each partition
	shape   shape
	slices  int
}

// shape is how a sink is called.
type shape struct {
	batch int // events in one call at most
	calls int // calls at once at most
}

// sink measures the delivery to the sink that the options name.
func (b *bench) sink(ctx context.Context) error {
	return b.inDir(func(dir string) error {
		f, err := openFar(ctx, b.options, filepath.Join(dir, "far"))
		if err != nil {
			return err
		}
		j, err := openJournal(ctx, filepath.Join(dir, "journal"), b.options.Partitions, b.logger)
		if err != nil {
			return errors.Join(err, f.close())
		}
		s := &sinkRun{options: b.options, far: f, journal: j, logger: b.logger}
		_, _ = fmt.Fprintf(b.progress, "  writing %d events of %d meetings to a journal\n", b.options.Events, b.options.Meetings)
		if err = s.fill(ctx, newCalendar(b.options.Meetings, b.options.Seed, b.base)); err == nil {
			b.report.Sink, err = s.measure(ctx, b.progress)
		}
		if err == nil {
			err = s.profile(ctx)
		}
		return errors.Join(err, j.Close(), f.close())
	})
}

// fill writes the events to EVENTS and takes them from there once, so that the bare loop can send what the sink is given.
func (s *sinkRun) fill(ctx context.Context, c *calendar) error {
	seed, err := newSeeder(ctx, s.journal)
	if err != nil {
		return err
	}
	for range s.options.Events {
		h := c.take()
		h.generation = 0 // so that there are no more meetings than the options say
		if _, _, err := seed.add(ctx, c.direct(h)); err != nil {
			return err
		}
	}
	if err := seed.end(ctx); err != nil {
		return err
	}
	s.events, err = s.collect(ctx)
	partition := func(e *pipeline.Event) int { return chime.Partition(e.Key, s.options.Partitions) }
	slices.SortFunc(s.events, func(a, b pipeline.Event) int {
		return cmp.Or(cmp.Compare(partition(&a), partition(&b)), cmp.Compare(a.Sequence, b.Sequence))
	})
	s.counts = make([]int, s.options.Partitions)
	for i := range s.events {
		s.counts[partition(&s.events[i])]++
	}
	return err
}

// round is a slice of the delivery and one of each bare loop.
type round struct {
	full, forward, bare cost
	writes              int
}

// ratio is that of the delivery to the bare loop from memory, behind to the one that reads EVENTS.
func (r round) ratio() float64  { return r.full.rate() / r.bare.rate() }
func (r round) behind() float64 { return r.full.rate() / r.forward.rate() }

// measure runs rounds for as long as the options say. The first one warms up and does not count.
func (s *sinkRun) measure(ctx context.Context, progress io.Writer) (*SinkReport, error) {
	var rounds []round
	for begin := time.Now(); len(rounds) <= minPairs || time.Since(begin) < s.options.For; {
		r, err := s.round(ctx, len(rounds))
		if err != nil {
			return nil, err
		}
		if len(rounds) == 0 {
			begin = time.Now()
		}
		rounds = append(rounds, r)
		_, _ = fmt.Fprintf(progress, "  delivery %7.0f/s   bare loop %7.0f/s   ratio %.2f   bare loop behind EVENTS %7.0f/s   ratio %.2f\n",
			r.full.rate(), r.bare.rate(), r.ratio(), r.forward.rate(), r.behind())
	}
	return s.summary(rounds[1:]), nil
}

// round runs one slice of each. None is always the first, but in the first round, from which the shape is learned.
func (s *sinkRun) round(ctx context.Context, number int) (round, error) {
	var r round
	steps := []func() error{
		func() (err error) { r.full, r.writes, err = s.deliver(ctx); return err },
		func() (err error) { r.bare, err = s.bare(ctx); return err },
		func() (err error) { r.forward, err = s.forward(ctx); return err },
	}
	for i := range steps {
		if err := steps[(i+number)%len(steps)](); err != nil {
			return r, err
		}
	}
	return r, nil
}

// bare sends all events in a bare loop and returns what it cost.
func (s *sinkRun) bare(ctx context.Context) (cost, error) {
	loop, err := s.prepare(ctx)
	if err != nil {
		return cost{}, err
	}
	k, err := s.run(ctx, loop)
	return k, errors.Join(err, loop.close())
}

// prepare makes an empty place at the far side and everything that a bare loop sends there.
func (s *sinkRun) prepare(ctx context.Context) (bareLoop, error) {
	if err := s.far.renew(ctx); err != nil {
		return nil, err
	}
	loop, err := s.far.loop(ctx, s.events)
	runtime.GC() // neither side pays for what was made before
	return loop, err
}

func (s *sinkRun) run(ctx context.Context, loop bareLoop) (cost, error) {
	begin, err := readInstant()
	if err != nil {
		return cost{}, err
	}
	if err := share(ctx, len(s.events), s.shape.batch, s.shape.calls, loop.send); err != nil {
		return cost{}, fmt.Errorf("running a bare loop: %w", err)
	}
	k, err := since(begin, len(s.events))
	if err != nil {
		return k, err
	}
	return k, s.verify(ctx)
}

// errArrived means that one of the two sides did something else than it should have.
var errArrived = errors.New("the far side does not have what was sent")

func (s *sinkRun) verify(ctx context.Context) error {
	n, err := s.far.held(ctx)
	if err == nil && n != len(s.events) {
		err = fmt.Errorf("%w: %d instead of %d events", errArrived, n, len(s.events))
	}
	return err
}

// profile runs one more slice of each side under a CPU profile of its own, as throughput does.
func (s *sinkRun) profile(ctx context.Context) error {
	if s.options.CPUProfile == "" {
		return nil
	}
	err := profiled(s.options.CPUProfile, func() error {
		_, _, err := s.deliver(ctx)
		return err
	})
	if err != nil {
		return err
	}
	loop, err := s.prepare(ctx)
	if err != nil {
		return err
	}
	err = profiled(s.options.CPUProfile+ceilingSuffix, func() error {
		_, err := s.run(ctx, loop)
		return err
	})
	return errors.Join(err, loop.close())
}

// summary takes the medians of rounds.
func (s *sinkRun) summary(rounds []round) *SinkReport {
	column := func(f func(round) float64) []float64 {
		values := make([]float64, len(rounds))
		for i, r := range rounds {
			values[i] = f(r)
		}
		return values
	}
	bytes := 0
	for i := range s.events {
		bytes += len(s.events[i].Body)
	}
	ratios := column(func(r round) float64 { return r.ratio() })
	return &SinkReport{
		Sink: s.options.Sink, Far: s.far.name(), Batch: s.shape.batch, InFlight: s.shape.calls, Meetings: s.options.Meetings,
		Partitions: s.options.Partitions, Events: len(s.events), Rounds: len(rounds), BodyBytes: float64(bytes) / float64(len(s.events)),
		Rate:       median(column(func(r round) float64 { return r.full.rate() })),
		Bare:       median(column(func(r round) float64 { return r.bare.rate() })),
		Forward:    median(column(func(r round) float64 { return r.forward.rate() })),
		CPU:        median(column(func(r round) float64 { return r.full.each() })),
		BareCPU:    median(column(func(r round) float64 { return r.bare.each() })),
		ForwardCPU: median(column(func(r round) float64 { return r.forward.each() })),
		PerWrite:   median(column(func(r round) float64 { return float64(len(s.events)) / float64(r.writes) })),
		Ratio:      median(ratios), RatioLow: slices.Min(ratios), RatioHigh: slices.Max(ratios),
		Behind: median(column(round.behind)),
	}
}
