package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// nativeFactor is by how much one native bucket is wider than the one before it: a quantile is exact to 5 %.
	nativeFactor = 1.1
	// nativeBuckets bounds the native buckets of one series: enough for 0.1 ms to a day at the full resolution. What needs more
	// gets a coarser one.
	nativeBuckets = 160
	// nativeReset is the least time after which buckets are thrown away for the bound, before the resolution suffers.
	nativeReset = time.Hour
)

// Histogram returns the options of a histogram with classic buckets of these bounds and native ones beside them: a server that
// takes native histograms gets those, any other one the classic.
func Histogram(name, help string, bounds []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: bounds,
		NativeHistogramBucketFactor: nativeFactor, NativeHistogramMaxBucketNumber: nativeBuckets, NativeHistogramMinResetDuration: nativeReset,
	}
}

// LagBuckets returns the bounds, in seconds, of every histogram that begins at event time: from in-process speed to an outage.
func LagBuckets() []float64 {
	return []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86400}
}

// StayBuckets returns the bounds, in seconds, of every histogram that begins at receipt.
func StayBuckets() []float64 {
	return []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600}
}

// Seconds returns t as a metric tells it: in seconds since 1970.
func Seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
