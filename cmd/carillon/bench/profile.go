package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
)

const (
	// profiledSlices is how many slices long a profiled run is.
	profiledSlices = 4
	// ceilingSuffix is appended to the file of the router's profile.
	ceilingSuffix = ".ceiling"
)

// profile runs the router and then the ceiling once more, each under a CPU profile of its own. The server in either gives its
// goroutines labels of its own, so one profile of both could not be told apart by label.
func (t *throughput) profile(ctx context.Context) error {
	if t.options.CPUProfile == "" {
		return nil
	}
	s, err := newStock(t.calendar, profiledSlices*t.options.size.sliceEvents, t.options.Disorder)
	if err != nil {
		return err
	}
	load := t.ceiling.load(s, t.rig.router.Journal())
	return errors.Join(
		profiled(t.options.CPUProfile, func() error {
			_, err := t.rig.slice(ctx, s)
			return err
		}),
		profiled(t.options.CPUProfile+ceilingSuffix, func() error {
			_, err := t.ceiling.slice(ctx, s, load)
			return err
		}),
	)
}

// profiled calls f and writes a CPU profile of it to path.
func profiled(path string, f func() error) error {
	runtime.GC()
	out, err := os.Create(path) //nolint:gosec // the user's own file
	if err != nil {
		return fmt.Errorf("making a profile: %w", err)
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return errors.Join(fmt.Errorf("starting a profile: %w", err), out.Close())
	}
	err = f()
	pprof.StopCPUProfile()
	return errors.Join(err, out.Close())
}
