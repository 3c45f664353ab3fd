package dedupe

// chunk is how many elements of a fifo are allocated at once: a queue that is long must not be copied, nor be half empty.
const chunk = 256

// fifo is a queue. The zero value is empty.
type fifo[T any] struct {
	chunks []*[chunk]T
	begin  int    // index of the first element in the first chunk
	count  int    // how many elements there are
	popped uint64 // how many have left
}

func (q *fifo[T]) len() int { return q.count }

// push appends an element.
func (q *fifo[T]) push(x T) {
	at := q.begin + q.count
	if at/chunk == len(q.chunks) {
		q.chunks = append(q.chunks, new([chunk]T))
	}
	q.chunks[at/chunk][at%chunk] = x
	q.count++
}

// get returns the element with i before it.
func (q *fifo[T]) get(i int) *T {
	at := q.begin + i
	return &q.chunks[at/chunk][at%chunk]
}

// pop removes the first element and returns it.
func (q *fifo[T]) pop() T {
	var none T
	first := q.get(0)
	x := *first
	*first = none
	q.begin++
	q.count--
	q.popped++
	if q.begin == chunk {
		q.chunks[0] = nil
		q.chunks, q.begin = q.chunks[1:], 0
	}
	return x
}
