package deliver

// spareRoom bounds how many events fit into what lanes leave for those that come after them: some 1 MB for each partition of a sink.
const spareRoom = 4096

// append adds an event to the end of a lane's queue.
func (n *lane) append(i Item) {
	full := len(n.queue) == cap(n.queue)
	n.queue = append(n.queue, i)
	if full {
		n.room = n.queue[:0]
	}
}

// drop removes k events from the front. An empty queue begins again where its memory does.
func (n *lane) drop(k int) {
	clear(n.queue[:k])
	if n.queue = n.queue[k:]; len(n.queue) == 0 {
		n.queue = n.room
	}
}

// spares are lanes that nobody needs now, with their memory: most meetings have one event at a time, and their lanes come and go with
// every one of them.
type spares struct {
	lanes []*lane
	room  int // of all of them
}

// lane returns an empty lane.
func (s *spares) lane(key string) *lane {
	last := len(s.lanes) - 1
	if last < 0 {
		return &lane{key: key}
	}
	n := s.lanes[last]
	s.lanes[last], s.lanes = nil, s.lanes[:last]
	s.room -= cap(n.room)
	n.key = key
	return n
}

// keep takes a lane that is empty, unless a list still has it.
func (s *spares) keep(n *lane) {
	if size := cap(n.room); size > 0 && s.room+size <= spareRoom && !n.flagged && !n.holding {
		*n = lane{queue: n.room, room: n.room}
		s.lanes = append(s.lanes, n)
		s.room += size
	}
}
