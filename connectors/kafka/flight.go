package kafka

import (
	"sync"
	"sync/atomic"

	"carillon/pipeline/chime"
)

// flight is a record on its way. err is the answer once the state is answered.
type flight struct {
	id    chime.Identity
	err   error
	state atomic.Int32
	done  chan struct{} // of a flight that was left: closed with the answer
}

// The states of a flight.
const (
	launched int32 = iota
	left
	answered
)

func (f *flight) isAnswered() bool { return f.state.Load() == answered }

// flights are the records that an attempt left without an answer. The client never takes one back that it may have sent, or its
// numbers would not fit those of the broker any more. So the record stays here for the next attempt, which waits for it too. The zero
// value is ready for use, and safe for concurrent use.
type flights struct {
	mu   sync.Mutex
	byID map[chime.Identity]*flight
}

// find returns the flight that was left for the event, nil if there is none.
func (f *flights) find(id chime.Identity) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.byID[id]
}

// leave keeps a flight for the next attempt and makes its done, unless the answer is there.
func (f *flights) leave(n *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n.isAnswered() || n.done != nil {
		return
	}
	if f.byID == nil {
		f.byID = map[chime.Identity]*flight{}
	}
	n.done = make(chan struct{})
	f.byID[n.id] = n
	if !n.state.CompareAndSwap(launched, left) { // the answer came just now, and nobody else will do this
		delete(f.byID, n.id)
		close(n.done)
	}
}

// land is what the client calls with the answer.
func (f *flights) land(n *flight, err error) {
	n.err = err
	if n.state.Swap(answered) != left {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byID, n.id)
	close(n.done)
}
