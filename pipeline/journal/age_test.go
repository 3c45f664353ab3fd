package journal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAgeClock(t *testing.T) {
	const tick = 2 * time.Second
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	type reading struct {
		step, pass time.Duration // of the wall clock beside the passing of time; the passing of time
		times      int
		trusted    bool // after the last of them
	}
	for name, readings := range map[string][]reading{
		"a fresh start waits":          {{0, 0, 1, false}, {0, tick, 29, false}, {0, tick, 1, true}},
		"honest ageing goes on":        {{0, 0, 1, false}, {0, tick, 30, true}, {0, time.Hour, 200, true}},
		"a step forward":               {{0, tick, 60, true}, {10 * time.Hour, tick, 1, false}, {0, tick, 29, false}},
		"a step back":                  {{0, tick, 60, true}, {-10 * time.Hour, tick, 1, false}},
		"a step that stays":            {{0, tick, 60, true}, {10 * time.Hour, tick, 1, false}, {0, tick, 30, true}},
		"a step and back":              {{0, tick, 60, true}, {9 * time.Hour, tick, 1, false}, {-9 * time.Hour, tick, 1, false}},
		"a small correction":           {{0, tick, 60, true}, {stepLimit / 2, tick, 1, true}},
		"small steps in one direction": {{0, tick, 60, true}, {stepLimit / 3, tick, 3, true}, {stepLimit / 3, tick, 1, false}},
	} {
		t.Run(name, func(t *testing.T) {
			c, wall, elapsed := ageClock{patience: time.Minute}, start, time.Duration(0)
			for i, r := range readings {
				trusted := false
				for range r.times {
					elapsed += r.pass
					wall = wall.Add(r.pass + r.step)
					trusted = c.trust(wall, elapsed)
				}
				require.Equal(t, r.trusted, trusted, "reading %d", i)
				require.Equal(t, trusted, !c.believed(wall, elapsed).IsZero())
			}
		})
	}
}

func TestPatience(t *testing.T) {
	require.Equal(t, maxPatience, patience(96*time.Hour))
	require.Less(t, patience(time.Minute), 10*time.Second)
	j := Journal{stream: StreamConfig{Retention: 80 * time.Minute, RawKeep: 0}}
	require.Equal(t, 10*time.Minute, j.patience())
	j.stream.RawKeep = 8 * time.Minute
	require.Equal(t, time.Minute, j.patience())
}
