package order_test

import (
	"math"
	"time"
)

// lateShare returns the share of events that come too late for a window, by the distributions that the profile draws from.
func (s *simulated) lateShare(window, limit time.Duration) float64 {
	longer := func(x time.Duration) float64 {
		share := 1.0
		for _, p := range s.Paths {
			sigma := math.Log(float64(p.P99)/float64(p.Median)) / 2.3263478740408408
			q := 1.0
			if x > p.Skew {
				q = math.Erfc(math.Log(float64(x-p.Skew)/float64(p.Median))/sigma/math.Sqrt2) / 2
			}
			share *= p.Loss + (1-p.Loss)*q
		}
		return share
	}
	skew := s.Paths[0].Skew
	sum, n := 0.0, 0
	for _, m := range s.truth.Meetings {
		earliest := int64(math.MaxInt64)
		for i := m.To - 1; i >= m.From; {
			k := i
			for k >= m.From && s.truth.Events[k].Time == s.truth.Events[i].Time {
				k--
			}
			for j := k + 1; j <= i; j++ {
				n++
				if earliest == math.MaxInt64 {
					continue
				}
				after := time.Duration(earliest - s.truth.Events[j].Time*1e6)
				if x := window + after; x < limit+skew {
					sum += longer(x) - longer(limit+skew)
				}
			}
			for j := k + 1; j <= i; j++ {
				if !s.arrived[j].IsZero() {
					earliest = min(earliest, s.arrived[j].UnixNano())
				}
			}
			i = k
		}
	}
	return sum / float64(n)
}

// smallest returns the smallest fixed window, up to max, for which no more than 10 events per million of those that arrive within
// max come too late.
func (s *simulated) smallest(limit time.Duration) time.Duration {
	lo, hi := time.Duration(0), limit
	for range 16 {
		mid := (lo + hi) / 2
		if s.lateShare(mid, limit) > 10e-6 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}
