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

	"carillon/pipeline/order"
)

const (
	// drainWindow is order's window during throughput. Every slice ends with one window without traffic, so it is short; what
	// order does for an event does not depend on it.
	drainWindow = 50 * time.Millisecond
	// minPairs is how many pairs of slices are measured at least, however short the time is.
	minPairs = 3
)

// pair is one slice of the router and one of the ceiling with the same traffic.
type pair struct{ router, ceiling cost }

func (p pair) ratio() float64 { return p.router.rate() / p.ceiling.rate() }

// throughput is the two runs side by side.
type throughput struct {
	options  Options
	calendar *calendar
	rig      *rig
	ceiling  *ceiling
}

func (b *bench) throughput(ctx context.Context) error {
	o := b.options
	o.CeilingPartitions = cmp.Or(o.CeilingPartitions, o.Partitions)
	t := &throughput{options: o, calendar: newCalendar(min(b.options.Meetings, smallScale), b.options.Seed, b.base)}
	return b.inDir(func(dir string) error {
		if err := t.start(ctx, filepath.Join(dir, "router"), filepath.Join(dir, "ceiling"), b.logger); err != nil {
			return err
		}
		var err error
		if b.report.Throughput, err = t.measure(ctx, b.progress); err == nil {
			err = t.profile(ctx)
		}
		t.ceiling.close()
		return errors.Join(err, t.rig.stop(ctx))
	})
}

// orderOf returns the default order with a window.
func orderOf(window time.Duration) order.Config {
	c := order.DefaultConfig()
	c.Window = window
	return c
}

func (t *throughput) start(ctx context.Context, routerDir, ceilingDir string, logger *slog.Logger) error {
	var err error
	if t.rig, err = startRig(ctx, routerDir, t.options.Partitions, orderOf(drainWindow), logger, nil); err != nil {
		return err
	}
	if t.ceiling, err = startCeiling(ctx, ceilingDir, t.options.CeilingPartitions); err != nil {
		return errors.Join(err, t.rig.stop(ctx))
	}
	return nil
}

// measure runs pairs of slices for as long as the options say. The first pair warms up and does not count.
func (t *throughput) measure(ctx context.Context, progress io.Writer) (*Throughput, error) {
	var pairs []pair
	body := 0.0
	for begin := time.Now(); len(pairs) <= minPairs || time.Since(begin) < t.options.For; {
		s, err := newStock(t.calendar, t.options.size.sliceEvents, t.options.Disorder)
		if err != nil {
			return nil, err
		}
		p, err := t.pair(ctx, s)
		if err != nil {
			return nil, err
		}
		if len(pairs) == 0 {
			body, begin = s.bodyBytes(), time.Now()
		}
		pairs = append(pairs, p)
		_, _ = fmt.Fprintf(progress, "  router %6.0f/s   ceiling %6.0f/s   ratio %.2f\n", p.router.rate(), p.ceiling.rate(), p.ratio())
	}
	r := summary(pairs[1:])
	r.BodyBytes, r.Partitions, r.CeilingPartitions = body, t.options.Partitions, t.options.CeilingPartitions
	r.Mode, r.WindowMS = string(order.DefaultConfig().Mode), millis(drainWindow)
	return r, t.ceiling.verify(ctx, len(pairs)*t.options.size.sliceEvents)
}

// pair runs s through both, one after the other. Neither pays for the garbage of what was made before.
func (t *throughput) pair(ctx context.Context, s *stock) (pair, error) {
	var p pair
	var err error
	runtime.GC()
	if p.router, err = t.rig.slice(ctx, s); err != nil {
		return p, err
	}
	load := t.ceiling.load(s, t.rig.router.Journal())
	runtime.GC()
	if p.ceiling, err = t.ceiling.slice(ctx, s, load); err != nil {
		return p, err
	}
	return p, t.ceiling.purge(ctx)
}

// summary takes the medians of pairs.
func summary(pairs []pair) *Throughput {
	column := func(f func(pair) float64) []float64 {
		values := make([]float64, len(pairs))
		for i, p := range pairs {
			values[i] = f(p)
		}
		return values
	}
	ratios := column(pair.ratio)
	t := &Throughput{
		Notifications:    median(column(func(p pair) float64 { return p.router.rate() })),
		Ceiling:          median(column(func(p pair) float64 { return p.ceiling.rate() })),
		CPU:              median(column(func(p pair) float64 { return p.router.each() })),
		CeilingCPU:       median(column(func(p pair) float64 { return p.ceiling.each() })),
		PerCommit:        median(column(func(p pair) float64 { return p.router.perCommit() })),
		CeilingPerCommit: median(column(func(p pair) float64 { return p.ceiling.perCommit() })),
		Ratio:            median(ratios),
		RatioLow:         slices.Min(ratios),
		RatioHigh:        slices.Max(ratios),
		Pairs:            len(pairs),
	}
	t.Events, t.SliceNotifications = t.Notifications/copies, pairs[0].router.notifications
	return t
}
