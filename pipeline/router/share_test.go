package router

import (
	"log/slog"
	"net/http"
	"strconv"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestSharesAreFairAndBounded enters and leaves at random: never more than the limit is in hand, a source is never refused
// what it is entitled to, and nobody is refused while there is common room.
func TestSharesAreFairAndBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit, n := rapid.IntRange(1, 40).Draw(t, "limit"), rapid.IntRange(1, 5).Draw(t, "sources")
		rs := newReceivers(limit, slog.New(slog.DiscardHandler), newHTTPMetrics(prometheus.NewRegistry()))
		for i := range n {
			require.NoError(t, (&sourceMux{receivers: rs, source: strconv.Itoa(i)}).Handle("/"+strconv.Itoa(i), http.NotFoundHandler()))
		}
		rs.divide()
		entitled := max(1, limit/2/n)
		common := max(0, limit-entitled*n)
		leaves := make([][]func(), n)
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			i := rapid.IntRange(0, n-1).Draw(t, "source")
			if rapid.Bool().Draw(t, "leaves") && len(leaves[i]) > 0 {
				leaves[i][0]()
				leaves[i] = leaves[i][1:]
				continue
			}
			free := rs.common.limit - rs.common.taken.Load()
			leave, ok := rs.shares[strconv.Itoa(i)].enter(&rs.common)
			if ok {
				leaves[i] = append(leaves[i], leave)
			}
			require.Equal(t, ok, ok || free > 0, "refused while there was room")
			require.True(t, ok || len(leaves[i]) >= entitled, "refused what it is entitled to")
			total := 0
			for _, l := range leaves {
				total += len(l)
			}
			require.LessOrEqual(t, total, entitled*n+common)
			require.LessOrEqual(t, total, max(limit, n), "at least one for each source, else the limit")
		}
	})
}
