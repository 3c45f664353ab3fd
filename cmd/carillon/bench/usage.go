package bench

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// instant is a reading of the wall clock and of the CPU time of this process.
type instant struct {
	wall time.Time
	cpu  time.Duration
}

func readInstant() (instant, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return instant{}, fmt.Errorf("reading CPU time: %w", err)
	}
	return instant{wall: time.Now(), cpu: time.Duration(u.Utime.Nano() + u.Stime.Nano())}, nil
}

// cost is what a number of notifications took.
type cost struct {
	notifications int
	commits       int
	wall, cpu     time.Duration
}

// since returns the cost of what was done after begin.
func since(begin instant, notifications int) (cost, error) {
	end, err := readInstant()
	return cost{notifications: notifications, wall: end.wall.Sub(begin.wall), cpu: end.cpu - begin.cpu}, err
}

// rate is in notifications per second.
func (c cost) rate() float64 { return float64(c.notifications) / c.wall.Seconds() }

// perCommit is how many messages shared a commit: every notification is one in RAW, and every event another in EVENTS.
func (c cost) perCommit() float64 {
	return float64(c.notifications+c.notifications/copies) / float64(max(c.commits, 1))
}

// each is the CPU time of one notification in microseconds.
func (c cost) each() float64 { return float64(c.cpu.Nanoseconds()) / 1000 / float64(c.notifications) }

// resident returns the resident set in MB and its peak, both 0 where the system does not tell.
func resident() (now, peak float64) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, 0
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		kib := 0.0
		if _, err := fmt.Sscanf(value, "%g kB", &kib); err != nil {
			continue
		}
		switch name {
		case "VmRSS":
			now = kib * 1024 / 1e6
		case "VmHWM":
			peak = kib * 1024 / 1e6
		}
	}
	return now, peak
}

// watch samples the resident set until stop.
type watch struct {
	done chan struct{}
	wg   sync.WaitGroup
	peak float64
}

const sampleEvery = 100 * time.Millisecond

func watchResident() *watch {
	w := &watch{done: make(chan struct{})}
	w.wg.Go(func() {
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for {
			now, _ := resident()
			w.peak = max(w.peak, now)
			select {
			case <-tick.C:
			case <-w.done:
				return
			}
		}
	})
	return w
}

// stop returns the highest sample in MB. It is called once.
func (w *watch) stop() float64 {
	close(w.done)
	w.wg.Wait()
	return w.peak
}

// fsyncTime returns the median time of a write of 4 KiB with fsync in dir.
func fsyncTime(dir string) (time.Duration, error) {
	f, err := os.Create(filepath.Join(dir, "fsync")) //nolint:gosec // a directory of our own
	if err != nil {
		return 0, fmt.Errorf("measuring fsync: %w", err)
	}
	defer func() { _ = f.Close() }()
	const tries = 41
	block, times := make([]byte, 4096), make([]float64, 0, tries)
	for range tries {
		begin := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, fmt.Errorf("measuring fsync: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, fmt.Errorf("measuring fsync: %w", err)
		}
		times = append(times, float64(time.Since(begin)))
	}
	return time.Duration(median(times)), nil
}
