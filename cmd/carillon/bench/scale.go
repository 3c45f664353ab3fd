package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"carillon/pipeline"
	"carillon/pipeline/sequence"
)

// scaleSlices is how many slices a row is the median of.
const scaleSlices = 3

// scale repeats a short throughput with ever more active meetings.
func (b *bench) scale(ctx context.Context) error {
	for _, meetings := range sizes(b.options.Meetings) {
		_, _ = fmt.Fprintf(b.progress, "  %d meetings\n", meetings)
		err := b.inDir(func(dir string) error {
			row, err := b.scaleOf(ctx, dir, meetings)
			b.report.Scale = append(b.report.Scale, row)
			return err
		})
		if err != nil {
			return fmt.Errorf("measuring %d meetings: %w", meetings, err)
		}
	}
	return nil
}

// sizes returns smallScale and each ten times as many up to meetings, and meetings.
func sizes(meetings int) []int {
	var all []int
	for n := smallScale; n < meetings; n *= 10 {
		all = append(all, n)
	}
	return append(all, meetings)
}

// remembered is how many meetings a router lets stay in memory.
func remembered(partitions int) int { return partitions * sequence.DefaultLimits(partitions).Meetings }

// scaleOf starts every meeting, as many as fit into memory through the router and the others before it starts, and measures
// events of meetings at random.
func (b *bench) scaleOf(ctx context.Context, dir string, meetings int) (ScaleRow, error) {
	row := ScaleRow{Meetings: meetings, InMemory: min(meetings, remembered(b.options.Partitions))}
	c := newCalendar(meetings, b.options.Seed, b.base)
	if err := b.startMeetings(ctx, dir, c, row.InMemory); err != nil {
		return row, err
	}
	r, err := startRig(ctx, dir, b.options.Partitions, orderOf(drainWindow), b.logger, nil)
	if err != nil {
		return row, err
	}
	costs, err := b.scaleSlices(ctx, r, c, row.InMemory)
	err = errors.Join(err, r.stop(ctx))
	if err != nil {
		return row, err
	}
	rates, cpus := make([]float64, len(costs)), make([]float64, len(costs))
	for i, k := range costs {
		rates[i], cpus[i] = k.rate(), k.each()
	}
	row.Notifications, row.CPU = median(rates), median(cpus)
	row.CPUPerEvent = copies * row.CPU
	row.RSSMB, _ = resident()
	return row, nil
}

// startMeetings writes the first event of every slot after the first ones to EVENTS.
func (b *bench) startMeetings(ctx context.Context, dir string, c *calendar, first int) error {
	j, err := openJournal(ctx, dir, b.options.Partitions, b.logger)
	if err != nil {
		return err
	}
	s, err := newSeeder(ctx, j)
	for slot := first; slot < len(c.steps) && err == nil; slot++ {
		_, _, err = s.add(ctx, c.direct(c.of(slot)))
	}
	if err == nil {
		err = s.end(ctx)
	}
	return errors.Join(err, j.Close())
}

func (b *bench) scaleSlices(ctx context.Context, r *rig, c *calendar, warm int) ([]cost, error) {
	if err := b.touch(ctx, r, c, warm); err != nil {
		return nil, err
	}
	var costs []cost
	for range scaleSlices {
		s, err := newStock(c, b.options.size.scaleEvents, b.options.Disorder)
		if err != nil {
			return nil, err
		}
		runtime.GC()
		k, err := r.slice(ctx, s)
		if err != nil {
			return nil, err
		}
		costs = append(costs, k)
	}
	return costs, nil
}

// touch sends one event of each of the first n meetings over one path.
func (b *bench) touch(ctx context.Context, r *rig, c *calendar, n int) error {
	bodies := make([][]byte, n)
	for slot := range bodies {
		bodies[slot] = c.direct(c.of(slot))
	}
	r.sink.goal.expect(n)
	err := share(ctx, n, emitSize, emitters, func(ctx context.Context, from, to int) error {
		ns := make([]pipeline.Notification, 0, emitSize)
		for _, body := range bodies[from:to] {
			ns = append(ns, pipeline.Notification{Body: body})
		}
		return r.out[0].Emit(ctx, ns...)
	})
	if err != nil {
		return fmt.Errorf("emitting: %w", err)
	}
	return r.sink.goal.wait(ctx, nil)
}
