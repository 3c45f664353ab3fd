package order_test

import (
	"testing"
	"time"
)

func TestDbg(t *testing.T) {
	for _, seed := range []int{0, 1, 16, 18} {
		s := simulation(t, published(t, "aws", seed))
		n, first := 0, s.copies[0].at
		for _, c := range s.copies {
			if c.first && c.at.Sub(first) < 4*time.Minute+30*time.Second {
				n++
			}
		}
		t.Log(seed, n)
	}
}
