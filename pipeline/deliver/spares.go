package deliver

const (
	// mostSpares and spareRoom bound what lanes leave for those that come after them: some 1 MB for each partition of a sink.
	mostSpares = 256
	spareRoom  = 16
)

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
type spares []*lane

// lane returns an empty lane.
func (s *spares) lane(key string) *lane {
	last := len(*s) - 1
	if last < 0 {
		return &lane{key: key}
	}
	n := (*s)[last]
	(*s)[last], *s = nil, (*s)[:last]
	n.key = key
	return n
}

// keep takes a lane that is empty, unless a list still has it.
func (s *spares) keep(n *lane) {
	if len(*s) < mostSpares && cap(n.room) <= spareRoom && !n.flagged && !n.holding {
		*n = lane{queue: n.room[:0], room: n.room[:0]}
		*s = append(*s, n)
	}
}
