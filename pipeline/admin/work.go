package admin

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// atOnce is how many meetings are worked on at once.
	atOnce = 32
	// reportEvery is how often counts are sent, writeLimit for how long a client may not read.
	reportEvery = time.Second
	writeLimit  = 30 * time.Second
)

// work is a long answer: what is done one by one, and reported by lines. It is safe for concurrent use.
type work struct {
	q  *request
	rc *http.ResponseController

	mu     sync.Mutex
	counts map[string]int
	told   time.Time
	broken error
}

// begin starts a long answer.
func (q *request) begin() *work {
	w := &work{q: q, rc: http.NewResponseController(q.w), counts: map[string]int{}, told: time.Now()}
	q.w.Header().Set("Content-Type", "application/x-ndjson")
	// The limits of the listener are for short requests. That they cannot be lifted shows at the first line.
	_ = w.rc.SetReadDeadline(time.Time{})
	return w
}

// add counts one thing by what came of it, with why where it failed.
func (w *work) add(result string, failed *Failure) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[result]++
	if failed != nil {
		failed.Result = result
		w.write(Line{Failed: failed})
	}
	if time.Since(w.told) >= reportEvery {
		w.told = time.Now()
		w.write(Line{Counts: maps.Clone(w.counts)})
	}
}

func (w *work) write(l Line) {
	if w.broken != nil {
		return
	}
	_ = w.rc.SetWriteDeadline(time.Now().Add(writeLimit))
	if w.broken = json.NewEncoder(w.q.w).Encode(l); w.broken == nil {
		w.broken = w.rc.Flush()
	}
}

// finish sends the last counts. What has begun to be answered cannot be answered with another status: err is told in the last line.
func (w *work) finish(err error) map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := Line{Counts: maps.Clone(w.counts), Done: err == nil}
	if err != nil {
		l.Error = err.Error()
		if context.Cause(w.q.ctx) != nil {
			l.Error = "the router is stopping, or the connection was lost; what was done is done: ask again for the rest"
		}
	}
	w.write(l)
	return l.Counts
}

// inOrder calls do for each of items, those of one key one after the other in their order, those of several keys at once. It returns
// when all are done, or with the first error.
func inOrder[T any](ctx context.Context, items []T, keyOf func(*T) string, do func(context.Context, *T) error) error {
	lanes := map[string][]*T{}
	var order []string
	for i := range items {
		key := keyOf(&items[i])
		if lanes[key] == nil {
			order = append(order, key)
		}
		lanes[key] = append(lanes[key], &items[i])
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, key := range order {
		group.Go(func() error {
			for _, item := range lanes[key] {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := do(ctx, item); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
