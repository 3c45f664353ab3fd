//go:build unix

package router

import (
	"flag"
	mathrand "math/rand/v2"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/receive/receivetest"
)

// mostTime bounds what a notification may cost. 400 µs of processor time are 5,000 a second on two processors, client included,
// and that can be judged while neighbours take their part of them; the rate itself needs a quiet machine.
var mostTime = flag.Duration("notification-cpu", 400*time.Microsecond, "the most processor time that a signed notification may take")

// enough is how many notifications there must be before they are judged.
const enough = 5000

// processorTime is what this process has used of all processors. On a machine that others use too it says more than the
// clock on the wall.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var use syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &use))
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// BenchmarkSignedNotifications posts signed notifications over kept connections to one listener, client and signature checks
// included. "entrance" ends in a journal that only counts, "journal" in a whole router with a real one that has each commit on
// disk before it answers. The gate prints its figures with -bench SignedNotifications -benchtime 20000x.
func BenchmarkSignedNotifications(b *testing.B) {
	s := newStamp(b)
	requests := make([][]byte, 512)
	for i := range requests {
		requests[i] = receivetest.Request(http.MethodPost, "/sns", s.notification(b, i, attendeeEvent(i%64, i)),
			"Content-Type", "text/plain; charset=UTF-8", "User-Agent", "Amazon Simple Notification Service Agent")
	}
	measure := func(b *testing.B, addr string) {
		b.Helper()
		flood := receivetest.Flood{Addr: addr, Connections: 256, Depth: 1}
		b.ResetTimer()
		before := processorTime(b)
		tally := flood.Send(b, b.N, func(r *mathrand.Rand) []byte { return requests[r.IntN(len(requests))] })
		b.StopTimer()
		used := processorTime(b) - before
		require.Equal(b, receivetest.Tally{http.StatusOK: b.N}, tally)
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "notifications/s")
		b.ReportMetric(float64(used.Microseconds())/float64(b.N), "cpu-µs/op")
		if b.N >= enough {
			require.LessOrEqual(b, used/time.Duration(b.N), *mostTime)
		}
	}
	b.Run("entrance", func(b *testing.B) { measure(b, entranceOnly(b, s)) })
	b.Run("journal", func(b *testing.B) {
		r, _ := startWhole(b, s, nil)
		measure(b, r.HTTPAddr())
	})
}
