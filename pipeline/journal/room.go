package journal

import "sync"

// room is how many bytes appends may still add to a stream before only its reserve is left. The stream is measured now and
// then; in between the appends count for themselves, so that a burst does not run through the reserve. What other processes
// append is seen by the next measurement. The zero value has none. It is safe for concurrent use.
type room struct {
	mu     sync.Mutex
	free   int64 // as last measured, less what was stored since
	flying int64 // taken and not settled
	stored int64 // settled as stored, ever
	wanted bool  // there was no room for an append since the last look
}

// take reserves size bytes; false when there is no room for them.
func (r *room) take(size int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flying+size > r.free {
		r.wanted = true
		return false
	}
	r.flying += size
	return true
}

// settle ends what take began. What may have been stored counts as stored.
func (r *room) settle(size int64, stored bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flying -= size
	if stored {
		r.free -= size
		r.stored += size
	}
}

// wanting reports whether there was no room for an append since it was last asked.
func (r *room) wanting() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	wanted := r.wanted
	r.wanted = false
	return wanted
}

// mark is called before a measurement and its result given to measured.
func (r *room) mark() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stored
}

// measured takes the result of a measurement that began at mark. What was stored since then counts once more, because nobody
// knows whether the measurement has seen it.
func (r *room) measured(mark, free int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free = free - (r.stored - mark)
}
