package kafka

import (
	"maps"
	"sync"
	"sync/atomic"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// mostLeft is how many flights are kept before those that were accepted are forgotten.
const mostLeft = 1 << 14

// flight is a record on its way. err is the answer once the state is answered.
type flight struct {
	of    sending
	err   error
	state atomic.Int32
	done  chan struct{} // of a flight that was left: closed with the answer
}

// sending is what a flight is of. History that somebody had sent again is sent although it was accepted before.
type sending struct {
	id     chime.Identity
	replay bool
}

func sendingOf(e *pipeline.Event) sending { return sending{id: e.ID, replay: e.Replay} }

// The states of a flight.
const (
	launched int32 = iota
	left
	answered
)

func (f *flight) isAnswered() bool { return f.state.Load() == answered }

// flights are the records that an attempt left without an answer. The client never takes one back that it may have sent, or its
// numbers would not fit those of the broker any more. So the record stays here for the next attempt, which waits for it too, and when it
// was accepted meanwhile finds that it was. The zero value is ready for use, and safe for concurrent use.
type flights struct {
	mu sync.Mutex
	of map[sending]*flight
}

// find returns the flight that was left for the event, nil if there is none.
func (f *flights) find(of sending) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.of[of]
}

// forget ends what leave began, for somebody who got the answer.
func (f *flights) forget(n *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[n.of] == n {
		delete(f.of, n.of)
	}
}

// leave keeps a flight for the next attempt and makes its done, unless the answer is there.
func (f *flights) leave(n *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n.isAnswered() || n.done != nil {
		return
	}
	if f.of == nil {
		f.of = map[sending]*flight{}
	}
	if len(f.of) >= mostLeft {
		maps.DeleteFunc(f.of, func(_ sending, n *flight) bool { return n.isAnswered() })
	}
	n.done = make(chan struct{})
	f.of[n.of] = n
	if !n.state.CompareAndSwap(launched, left) { // the answer came just now, and nobody else will do this
		delete(f.of, n.of)
		close(n.done)
	}
}

// land is what the client calls with the answer. A flight that was left and accepted stays to be found.
func (f *flights) land(n *flight, err error) {
	n.err = err
	if n.state.Swap(answered) != left {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		delete(f.of, n.of)
	}
	close(n.done)
}
