package order

// dueHeap is a binary heap of held events, the one whose hold ends first on top; of several the one whose record came first.
type dueHeap[P any] []*held[P]

func (q *dueHeap[P]) push(h *held[P]) {
	*q = append(*q, h)
	s := *q
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if !s[i].endsBefore(s[up]) {
			return
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
}

func (q *dueHeap[P]) pop() *held[P] {
	s := *q
	top, n := s[0], len(s)-1
	s[0], s[n] = s[n], nil
	s = s[:n]
	*q = s
	for i := 0; ; {
		least := i
		for _, down := range [2]int{2*i + 1, 2*i + 2} {
			if down < n && s[down].endsBefore(s[least]) {
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

func (h *held[P]) endsBefore(o *held[P]) bool {
	return h.due < o.due || h.due == o.due && h.raw < o.raw
}
