package journal

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

// benchBody is the size of a common notification.
const benchBody = 600

func openBench(b *testing.B) *Journal {
	b.Helper()
	return open(b, func(s *setup) {
		s.connect.Embedded.Sync = SyncAlways
		s.stream.MaxBytes = 64 * pipeline.GiB
	})
}

func rate(b *testing.B, messages int) {
	b.Helper()
	b.ReportMetric(float64(messages)/b.Elapsed().Seconds(), "msgs/s")
}

// BenchmarkAppendRaw has many callers with one notification each, as HTTP requests bring them.
func BenchmarkAppendRaw(b *testing.B) {
	j := openBench(b)
	var n atomic.Int64
	b.SetParallelism(256)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			at := int(n.Add(1))
			if err := j.AppendRaw(b.Context(), raws(j, at%4, at, 1, benchBody)); err != nil {
				b.Error(err)
			}
		}
	})
	rate(b, b.N)
}

// BenchmarkFencedAppend appends as one sequencer does, by the size of its batches.
func BenchmarkFencedAppend(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
	}{{"1", 1}, {"100", 100}, {"1000", 1000}} {
		b.Run(c.name, func(b *testing.B) {
			j := openBench(b)
			f, err := j.TakeFence(b.Context(), 0)
			require.NoError(b, err)
			for n := 0; b.Loop(); n += c.size {
				if err := f.Append(b.Context(), events(j, 0, n, c.size, benchBody)); err != nil {
					b.Fatal(err)
				}
			}
			rate(b, b.N*c.size)
		})
	}
}
