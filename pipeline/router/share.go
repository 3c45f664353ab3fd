package router

import "sync/atomic"

// slots counts what is in hand up to a limit. The zero value admits nothing. It is safe for concurrent use once limit is set.
type slots struct {
	limit int64
	taken atomic.Int64
}

// take takes one slot unless all are taken. It never waits.
func (s *slots) take() bool {
	if s.taken.Add(1) <= s.limit {
		return true
	}
	s.taken.Add(-1)
	return false
}

func (s *slots) give() { s.taken.Add(-1) }

// share is what one source may have in hand.
type share struct {
	source  string
	own     slots
	metrics sourceMetrics
}

// enter admits a request on the source's own slots, or on the common ones when those are taken. leave must be called once
// when the request was answered. It never waits.
func (s *share) enter(common *slots) (leave func(), ok bool) {
	from := &s.own
	if !from.take() {
		from = common
		if !from.take() {
			return nil, false
		}
	}
	s.metrics.inFlight.Inc()
	return func() {
		from.give()
		s.metrics.inFlight.Dec()
	}, true
}
