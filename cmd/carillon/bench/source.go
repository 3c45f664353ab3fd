package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carillon/pipeline/ingest"
	"carillon/pipeline/journal"
)

// sourceBatch is how many messages one receive or delete may have: the most that SQS takes.
const sourceBatch = 10

// drainer is one side of the comparison: the source in front of the journal, or the bare loop.
type drainer func(ctx context.Context, url string, n int) (cost, error)

// sourceRun compares the sqs source, in front of a real journal, with a bare loop that receives and deletes. Both drain queues
// that were filled before, in turn, so that whatever else the machine does meets both.
type sourceRun struct {
	options  Options
	calendar *calendar
	queues   *queues
	journal  *journal.Journal
	registry *prometheus.Registry
	ingest   *ingest.Ingest
	logger   *slog.Logger
	bytes    int // of all bodies that were sent
	sent     int
}

// source measures the source that the options name. There is one so far: sqs.
func (b *bench) source(ctx context.Context) error {
	q, err := openQueues(b.options) //nolint:contextcheck // an emulator in this process ends with close
	if err != nil {
		return err
	}
	defer q.close(context.WithoutCancel(ctx))
	return b.inDir(func(dir string) error {
		registry := prometheus.NewRegistry()
		j, err := journal.Open(ctx, connectConfig(dir), streamConfig(b.options.Partitions), journal.Settings{
			Logger: b.logger, Registerer: registry, Owner: "bench", Clock: time.Now,
		})
		if err != nil {
			return fmt.Errorf("opening a journal: %w", err)
		}
		s := &sourceRun{
			options: b.options, calendar: newCalendar(min(b.options.Meetings, smallScale), b.options.Seed, b.base), queues: q,
			journal: j, registry: registry, ingest: ingest.New(j), logger: b.logger,
		}
		if b.report.Source, err = s.measure(ctx, b.progress); err == nil {
			err = s.profile(ctx)
		}
		return errors.Join(err, j.Close())
	})
}

// measure runs pairs for as long as the options say. The first pair warms up and does not count.
func (s *sourceRun) measure(ctx context.Context, progress io.Writer) (*SourceReport, error) {
	var pairs []pair
	for begin := time.Now(); len(pairs) <= minPairs || time.Since(begin) < s.options.For; {
		p, err := s.pair(ctx, len(pairs)%2 == 0)
		if err != nil {
			return nil, err
		}
		if len(pairs) == 0 {
			begin = time.Now()
		}
		pairs = append(pairs, p)
		_, _ = fmt.Fprintf(progress, "  source and journal %6.0f/s   bare loop %6.0f/s   ratio %.2f\n", p.router.rate(), p.ceiling.rate(), p.ratio())
	}
	return s.summary(pairs[1:]), nil
}

// pair drains two queues of equal messages. Neither side is always the first.
func (s *sourceRun) pair(ctx context.Context, bareFirst bool) (pair, error) {
	var p pair
	var errs [2]error
	full := func() { p.router, errs[0] = s.timed(ctx, s.drain) }
	bare := func() { p.ceiling, errs[1] = s.timed(ctx, s.queues.drainBare) }
	if bareFirst {
		bare()
		full()
	} else {
		full()
		bare()
	}
	return p, errors.Join(errs[:]...)
}

// profile drains once more on each side, under a CPU profile of its own, as throughput does.
func (s *sourceRun) profile(ctx context.Context) error {
	if s.options.CPUProfile == "" {
		return nil
	}
	under := func(path string, drain drainer) error {
		_, err := s.timed(ctx, func(ctx context.Context, url string, n int) (k cost, err error) {
			err = profiled(path, func() error {
				k, err = drain(ctx, url, n)
				return err
			})
			return k, err
		})
		return err
	}
	return errors.Join(under(s.options.CPUProfile, s.drain), under(s.options.CPUProfile+ceilingSuffix, s.queues.drainBare))
}

// timed fills a queue and returns what it cost to drain it. Each queue is a new one: a poll that was cancelled may still take
// from an old one.
func (s *sourceRun) timed(ctx context.Context, drain drainer) (cost, error) {
	n := s.options.size.sourceMessages
	bodies := make([]string, n)
	for i := range bodies {
		body := s.calendar.direct(s.calendar.take())
		bodies[i], s.bytes = string(body), s.bytes+len(body)
	}
	s.sent += n
	url, err := s.queues.filled(ctx, bodies)
	if err != nil {
		return cost{}, err
	}
	runtime.GC() // neither pays for what was made before
	k, err := drain(ctx, url, n)
	return k, errors.Join(err, s.queues.remove(ctx, url))
}

// summary takes the medians of pairs.
func (s *sourceRun) summary(pairs []pair) *SourceReport {
	column := func(f func(pair) float64) []float64 {
		values := make([]float64, len(pairs))
		for i, p := range pairs {
			values[i] = f(p)
		}
		return values
	}
	ratios := column(pair.ratio)
	return &SourceReport{
		Source: s.options.Source, Emulator: s.queues.name, Pollers: s.options.Pollers, Batch: sourceBatch,
		Messages: s.options.size.sourceMessages, Pairs: len(pairs), BodyBytes: float64(s.bytes) / float64(s.sent),
		Rate:      median(column(func(p pair) float64 { return p.router.rate() })),
		Bare:      median(column(func(p pair) float64 { return p.ceiling.rate() })),
		CPU:       median(column(func(p pair) float64 { return p.router.each() })),
		BareCPU:   median(column(func(p pair) float64 { return p.ceiling.each() })),
		PerCommit: median(column(func(p pair) float64 { return float64(p.router.notifications) / float64(max(p.router.commits, 1)) })),
		Ratio:     median(ratios), RatioLow: slices.Min(ratios), RatioHigh: slices.Max(ratios),
	}
}
