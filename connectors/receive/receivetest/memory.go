package receivetest

import (
	"runtime"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// Heap is the bytes in use after a collection.
func Heap() uint64 {
	// Twice: what a finalizer or a pool kept goes with the second.
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Sum is the sum of a counter or gauge over all its labels.
func Sum(tb testing.TB, g prometheus.Gatherer, name string) int {
	tb.Helper()
	families, err := g.Gather()
	require.NoError(tb, err)
	sum, found := 0.0, false
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		found = true
		for _, m := range f.GetMetric() {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	require.True(tb, found, "no metric %s", name)
	return int(sum)
}
