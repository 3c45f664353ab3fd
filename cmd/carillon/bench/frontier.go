package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"carillon/pipeline/order"
	"carillon/pipeline/simulate"
)

// windows are those that the frontier tries with every mode that has one.
func windows() []time.Duration {
	return []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second}
}

// settings returns every mode with every window, and once those without a fixed one.
func settings() []order.Config {
	var all []order.Config
	for _, c := range modes() {
		if !hasWindow(c) {
			all = append(all, c)
			continue
		}
		for _, w := range windows() {
			c.Window = w
			all = append(all, c)
		}
	}
	return all
}

// hasWindow reports whether the mode of c has a fixed window.
func hasWindow(c order.Config) bool {
	c.Window = 0
	return c.Mode != order.ModeAdaptive && c.Validate() != nil
}

// windowMS is 0 for a mode without a fixed window.
func windowMS(c order.Config) float64 {
	if !hasWindow(c) {
		return 0
	}
	return millis(c.Window)
}

// quality is what one setting made of one run.
type quality struct {
	report simulate.Report
	unseen int
}

// perMillion returns n of the events of the run, in a million.
func (q quality) perMillion(n int) float64 {
	return 1e6 * float64(n) / float64(max(q.report.Events, 1))
}

// frontier runs every setting on every profile and seed.
func (b *bench) frontier(ctx context.Context) error {
	all, start := settings(), time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	profiles := simulate.Profiles(b.options.Seed, start)
	results := make([][]quality, len(profiles)*len(all)) // by profile, then setting; each by seed
	for i := range results {
		results[i] = make([]quality, b.options.Seeds)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for seed := range b.options.Seeds {
		for i, p := range simulate.Profiles(b.options.Seed+uint64(seed), start) {
			g.Go(func() error { return b.frontierOf(ctx, p, all, seed, results[i*len(all):(i+1)*len(all)]) })
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, runs := range results {
		b.report.Frontier = append(b.report.Frontier, frontierRow(profiles[i/len(all)].Name, all[i%len(all)], runs))
	}
	return nil
}

// frontierOf runs every setting on one run of a profile.
func (b *bench) frontierOf(ctx context.Context, p simulate.Published, all []order.Config, seed int, results [][]quality) error {
	if n := b.options.size.frontierMeetings; n > 0 {
		p.Profile.Meetings = n
	}
	r, err := newReplay(p.Profile)
	if err != nil {
		return fmt.Errorf("simulating %s: %w", p.Name, err)
	}
	for i, c := range all {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		q, err := r.run(c)
		if err != nil {
			return fmt.Errorf("simulating %s in mode %s: %w", p.Name, c.Mode, err)
		}
		results[i][seed] = q
	}
	_, _ = fmt.Fprintf(b.progress, "  %-7s seed %d of %d\n", p.Name, seed+1, b.options.Seeds)
	return nil
}

// frontierRow sums the seeds up.
func frontierRow(profile string, c order.Config, runs []quality) FrontierRow {
	column := func(f func(quality) float64) []float64 {
		values := make([]float64, len(runs))
		for i, q := range runs {
			values[i] = f(q)
		}
		return values
	}
	inversions := column(func(q quality) float64 { return q.perMillion(q.report.Inversions) })
	violations := column(func(q quality) float64 { return q.perMillion(q.report.LifecycleViolations) })
	row := FrontierRow{
		Profile: profile, Mode: string(c.Mode), WindowMS: windowMS(c), Seeds: len(runs),
		Inversions: mean(inversions), InversionsWorst: slices.Max(inversions),
		Violations: mean(violations), ViolationsWorst: slices.Max(violations),
		Unseen: mean(column(func(q quality) float64 { return q.perMillion(q.unseen) })),
		Late:   mean(column(func(q quality) float64 { return q.perMillion(q.report.Late) })),
		Added: AddedLatency{
			P50: mean(column(func(q quality) float64 { return q.report.LagMS.P50 })),
			P99: mean(column(func(q quality) float64 { return q.report.LagMS.P99 })),
			Max: slices.Max(column(func(q quality) float64 { return q.report.LagMS.Max })),
		},
	}
	for _, q := range runs {
		row.Events += q.report.Events
		row.Unjustified += q.report.LateUnjustified
	}
	return row
}
