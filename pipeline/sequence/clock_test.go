package sequence

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestLogClock plays a server whose clock only goes forward, and a reader that gets its records later: carried log time never
// exceeds the server's clock, log time never goes back, and nothing that is stored after a confirmation lies before it.
func TestLogClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// The two clocks differ by an unknown amount; real counts what passes on both.
		wall, mono := time.Unix(1_700_000_000, 0), time.Unix(5, 0)
		var real time.Duration
		var c logClock
		var unread []time.Time
		read := false
		pass := func() { real += time.Duration(rapid.IntRange(0, 1000).Draw(t, "passes")) * time.Millisecond }
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			before := c.now()
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				require.False(t, wall.Add(real).Before(c.now()), "stored before what is log time already")
				unread = append(unread, wall.Add(real))
			case 1:
				if len(unread) > 0 {
					c.observe(unread[0], mono.Add(real))
					unread, read = unread[1:], true
				}
			case 2:
				asked := mono.Add(real)
				pass()
				if len(unread) == 0 && read {
					// Stored between the question and the answer: the answer does not know of it.
					unread = append(unread, wall.Add(real))
					c.confirm(asked)
				}
			case 3:
				pass()
			}
			if read {
				require.False(t, c.carried(mono.Add(real)).After(wall.Add(real)), "carried beyond the server's clock")
				require.False(t, c.now().Before(before), "log time went back")
				require.False(t, c.now().After(c.carried(mono.Add(real))))
				ahead := time.Duration(rapid.IntRange(0, 5000).Draw(t, "ahead")) * time.Millisecond
				at := c.carried(mono.Add(real)).Add(ahead)
				require.Equal(t, ahead, c.until(at, mono.Add(real)))
			}
		}
	})
}

// TestLogClockAfterAStepBack expects log time to stand where it was, and to go on with the monotonic clock once everything
// is read.
func TestLogClockAfterAStepBack(t *testing.T) {
	var c logClock
	wall, mono := time.Unix(1_700_000_000, 0), time.Unix(5, 0)
	c.observe(wall, mono)
	c.observe(wall.Add(-time.Hour), mono.Add(time.Second))
	require.Equal(t, wall.Round(0), c.now())
	c.confirm(mono.Add(3 * time.Second))
	require.Equal(t, wall.Add(3*time.Second).Round(0), c.now())
	c.confirm(mono)
	require.Equal(t, wall.Add(3*time.Second).Round(0), c.now())
}
