package kafka

import (
	"sync"
	"sync/atomic"

	"carillon/pipeline/chime"
)

// flight is a record on its way. done is closed when err is the answer.
type flight struct {
	id    chime.Identity
	done  chan struct{}
	err   error
	state atomic.Int32
}

const (
	waitedFor int32 = iota // by the Write that launched it
	left                   // by that Write, without an answer
	answered
)

// answer returns the answer, and whether there is one.
func (f *flight) answer() (error, bool) {
	select {
	case <-f.done:
		return f.err, true
	default:
		return nil, false
	}
}

// flights are the records that got no answer in time. The client never takes one back that it may have sent, or its numbers would not
// fit those of the broker any more. So an attempt that found no answer leaves its record here for the next one. The zero value is
// ready for use, and safe for concurrent use.
type flights struct {
	mu   sync.Mutex
	byID map[chime.Identity]*flight
}

// find returns the flight that an attempt left for the event, nil if there is none.
func (f *flights) find(id chime.Identity) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.byID[id]
}

// leave keeps a flight for the next attempt, unless its answer came.
func (f *flights) leave(n *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !n.state.CompareAndSwap(waitedFor, left) {
		return
	}
	if f.byID == nil {
		f.byID = map[chime.Identity]*flight{}
	}
	f.byID[n.id] = n
}

// land is what the client calls with an answer.
func (f *flights) land(n *flight, err error) {
	n.err = err
	if n.state.Swap(answered) == left {
		f.mu.Lock()
		delete(f.byID, n.id)
		f.mu.Unlock()
	}
	close(n.done)
}
