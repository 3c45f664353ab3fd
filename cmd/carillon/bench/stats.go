package bench

import (
	"math"
	"slices"
	"time"
)

// median returns the middle of values, the mean of the two middle ones of an even number, and 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// mean returns 0 of none.
func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(len(values), 1))
}

// quantiles sorts times and describes them.
func quantiles(times []time.Duration) Quantiles {
	slices.Sort(times)
	return Quantiles{P50: rank(times, 0.5), P99: rank(times, 0.99), P999: rank(times, 0.999), Max: rank(times, 1)}
}

// rank returns the q-quantile of sorted in milliseconds, 0 of none.
func rank(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return millis(sorted[max(i, 0)])
}

// millis returns d in milliseconds, to the microsecond.
func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
