package receive

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"golang.org/x/sync/semaphore"
)

var (
	// ErrTooLarge says that a body is longer than the limit.
	ErrTooLarge = errors.New("body is too large")
	// ErrBusy says that the bodies in hand fill the memory set aside for them.
	ErrBusy = errors.New("bodies in hand fill their memory")
	// ErrCutOff says that a body ended early or came too slowly.
	ErrCutOff = errors.New("body was cut off")
)

// The least a request is charged: it stands for its connection, its goroutine and its buffers, and so bounds how many small
// requests are in hand at once.
const leastCharge = 16 << 10

// Bodies reads request bodies and bounds the memory that all of them together take.
type Bodies struct {
	limit  int64
	budget *semaphore.Weighted
}

// NewBodies returns a reader of bodies of at most limit bytes each that holds about total bytes at once. total must be
// larger than limit.
func NewBodies(limit, total int64) *Bodies {
	return &Bodies{limit: limit, budget: semaphore.NewWeighted(total)}
}

// Read returns the body of r. It never waits for memory: it answers ErrBusy. Memory is charged as bytes arrive, not as they
// are announced, so that a client that sends nothing holds next to nothing. release is never nil and must be called once,
// when the body is no longer in hand. The error is ErrTooLarge, ErrBusy or wraps ErrCutOff.
func (b *Bodies) Read(w http.ResponseWriter, r *http.Request) (body []byte, release func(), err error) {
	if r.ContentLength > b.limit {
		return nil, func() {}, ErrTooLarge
	}
	if !b.budget.TryAcquire(leastCharge) {
		return nil, func() {}, ErrBusy
	}
	held := int64(leastCharge)
	src := http.MaxBytesReader(w, r.Body, b.limit)
	buf := make([]byte, 0, firstSize(r.ContentLength))
	for {
		if len(buf) == cap(buf) {
			size := min(2*int64(cap(buf)), b.limit+1)
			more := size - held
			if more > 0 && !b.budget.TryAcquire(more) {
				return nil, b.release(held), ErrBusy
			}
			held = max(held, size)
			buf = append(make([]byte, 0, size), buf...)
		}
		n, err := src.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, b.release(held), nil
		}
		if err != nil {
			return nil, b.release(held), reason(err)
		}
	}
}

func (b *Bodies) release(held int64) func() {
	return func() { b.budget.Release(held) }
}

// firstSize leaves room for one byte more than announced, so that the end is met without growing.
func firstSize(announced int64) int64 {
	if announced < 0 {
		return leastCharge / 4
	}
	return min(announced+1, leastCharge)
}

func reason(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return ErrTooLarge
	}
	return fmt.Errorf("%w: %w", ErrCutOff, err)
}

// Bound makes reads of r's body fail at the deadline of r's context, where the connection allows that. It also bounds how
// long the server waits for a body that nobody reads before it sends the answer. Once a body was read to its end the server
// lifts the bound itself.
func Bound(w http.ResponseWriter, r *http.Request) {
	if deadline, ok := r.Context().Deadline(); ok {
		// An error means that w is no connection with deadlines: its own limits apply.
		_ = http.NewResponseController(w).SetReadDeadline(deadline)
	}
}
