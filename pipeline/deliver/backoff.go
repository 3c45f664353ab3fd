package deliver

import "time"

// backoff is exponential with full jitter: each pause is drawn from zero up to a bound that doubles with every attempt.
type backoff struct {
	initial, most time.Duration
	random        func() float64
}

// pause returns the pause after the given number of failed attempts, 1 or more.
func (b backoff) pause(attempts int) time.Duration {
	return time.Duration(b.random() * float64(b.bound(attempts)))
}

func (b backoff) bound(attempts int) time.Duration {
	if shift := attempts - 1; b.initial <= b.most>>min(shift, 63) {
		return b.initial << shift
	}
	return b.most
}

// laneHeap is a binary heap of waiting lanes, the one that may go on first on top.
type laneHeap []*lane

func (q *laneHeap) push(n *lane) {
	*q = append(*q, n)
	s := *q
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if !s[i].next.Before(s[up].next) {
			return
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
}

func (q *laneHeap) pop() *lane {
	s := *q
	top, n := s[0], len(s)-1
	s[0], s[n] = s[n], nil
	s = s[:n]
	*q = s
	for i := 0; ; {
		least := i
		for _, down := range [2]int{2*i + 1, 2*i + 2} {
			if down < n && s[down].next.Before(s[least].next) {
				least = down
			}
		}
		if least == i {
			return top
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
}
