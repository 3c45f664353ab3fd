package bench

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"carillon/pipeline/chime"
)

const (
	// emitSize is how many notifications a source hands over at a time: what one receive of SQS brings at most.
	emitSize = 10
	// emitters is how many calls of a source are under way at once.
	emitters = 64
	// reach is by how many places a displaced notification comes too late.
	reach = 64
)

// sourceNames returns the ids of the three paths. The last one is the bus.
func sourceNames() [copies]string { return [copies]string{"queue", "topic", "bus"} }

// copies is how many notifications there are of each event.
const copies = 3

// stock is traffic made beforehand, so that making it is not measured.
type stock struct {
	first   int // number of the first event
	records []chime.Record
	direct  [][]byte
	bus     [][]byte
	orders  [copies][]int // the events as each path brings them
}

// newStock takes n events from c, and on each path displaces a share of them.
func newStock(c *calendar, n int, disorder float64) (*stock, error) {
	s := &stock{first: c.next, records: make([]chime.Record, n), direct: make([][]byte, n), bus: make([][]byte, n)}
	var items []chime.Item
	for i := range n {
		h := c.take()
		s.direct[i], s.bus[i] = c.direct(h), c.bus(h)
		items = chime.Read(items[:0], s.direct[i], time.Time{})
		if err := items[0].Err; err != nil {
			return nil, fmt.Errorf("reading what the bench made: %w", err)
		}
		s.records[i] = items[0].Record
	}
	for p := range s.orders {
		s.orders[p] = displaced(c.dice, n, disorder)
	}
	return s, nil
}

// displaced returns 0 to n-1, a share of them up to reach places too late.
func displaced(dice *rand.Rand, n int, share float64) []int {
	order, places := make([]int, n), make([]int, n)
	for i := range n {
		order[i], places[i] = i, i
		if dice.Float64() < share {
			places[i] += dice.IntN(reach) + 1
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(places[a], places[b]) })
	return order
}

// len returns how many events there are.
func (s *stock) len() int { return len(s.records) }

// body returns what path p carries of event i.
func (s *stock) body(p, i int) []byte {
	if p == copies-1 {
		return s.bus[i]
	}
	return s.direct[i]
}

// bodyBytes returns the mean size of a body.
func (s *stock) bodyBytes() float64 {
	sum := 0
	for i := range s.records {
		sum += 2*len(s.direct[i]) + len(s.bus[i])
	}
	return float64(sum) / float64(copies*s.len())
}

// feed hands everything over, on every path with so many calls at once, and returns when each was answered. send gets the
// path and a run of places in its order.
func (s *stock) feed(ctx context.Context, send func(ctx context.Context, path, from, to int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for p := range copies {
		g.Go(func() error {
			return share(ctx, s.len(), emitSize, emitters, func(ctx context.Context, from, to int) error { return send(ctx, p, from, to) })
		})
	}
	return g.Wait()
}

// share calls send for 0 to n-1 in runs of size, in order, so many calls at once, and returns when each was answered.
func share(ctx context.Context, n, size, calls int, send func(ctx context.Context, from, to int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range calls {
		g.Go(func() error {
			for ctx.Err() == nil {
				to := int(next.Add(int64(size)))
				if to-size >= n {
					return nil
				}
				if err := send(ctx, to-size, min(to, n)); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	return g.Wait()
}
