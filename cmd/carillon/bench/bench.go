package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"time"
)

// past is how long before the run its events happened: none of them is ahead of the clock, whatever their number.
const past = 24 * time.Hour

// bench is one run.
type bench struct {
	options  Options
	progress io.Writer
	logger   *slog.Logger
	base     int64 // Unix milliseconds of event 0
	report   Report
}

// Run makes the measurements that o asks for and returns what they gave. It writes to progress what it does. When ctx ends it
// stops soon, with an error.
func Run(ctx context.Context, o Options, progress io.Writer, logger *slog.Logger) (Report, error) {
	if err := o.validate(); err != nil {
		return Report{}, err
	}
	b := &bench{
		options: o, progress: progress, logger: logger, base: time.Now().Add(-past).UnixMilli(),
		report: Report{RSSMB: map[string]float64{}},
	}
	if err := b.describe(); err != nil {
		return b.report, err
	}
	for _, p := range o.parts() {
		if err := b.part(ctx, p); err != nil {
			return b.report, fmt.Errorf("measuring %s: %w", p, err)
		}
	}
	_, b.report.RSSPeakMB = resident()
	return b.report, nil
}

// part runs one measurement and watches what it keeps in memory.
func (b *bench) part(ctx context.Context, p Part) error {
	_, _ = fmt.Fprintf(b.progress, "%s\n", p)
	w := watchResident()
	err := b.measure(ctx, p)
	b.report.RSSMB[string(p)] = w.stop()
	runtime.GC()
	return err
}

func (b *bench) measure(ctx context.Context, p Part) error {
	switch p {
	case PartThroughput:
		return b.throughput(ctx)
	case PartLatency:
		return b.latency(ctx)
	case PartMemory:
		return b.memory(ctx)
	case PartScale:
		return b.scale(ctx)
	case PartFrontier:
		return b.frontier(ctx)
	case PartSource:
		return b.source(ctx)
	case PartSink:
		return b.sink(ctx)
	}
	return nil
}

// describe notes what the figures depend on.
func (b *bench) describe() error {
	m := Machine{CPUs: runtime.GOMAXPROCS(0), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Seed: b.options.Seed}
	err := b.inDir(func(dir string) error {
		d, err := fsyncTime(dir)
		m.FsyncMS = millis(d)
		return err
	})
	b.report.Machine = m
	return err
}

// inDir calls f with a new directory and removes it afterwards.
func (b *bench) inDir(f func(dir string) error) error {
	dir, err := os.MkdirTemp(b.options.Dir, "carillon-bench-")
	if err != nil {
		return fmt.Errorf("making a directory for a journal: %w", err)
	}
	err = f(dir)
	if removeErr := os.RemoveAll(dir); removeErr != nil {
		err = errors.Join(err, fmt.Errorf("removing a journal: %w", removeErr))
	}
	return err
}
