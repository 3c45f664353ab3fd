package sequence

import (
	"context"
	"sync"

	"carillon/pipeline"
	"carillon/pipeline/journal"
)

// loaders is how many histories of a partition are read at once.
const loaders = 2

// load is the history of one meeting.
type load struct {
	key    string
	events []pipeline.Event
	// late is what LATE keeps of the meeting, lateSeq the sequence of the last of it.
	late    []pipeline.Event
	lateSeq uint64
	err     error
}

// loader reads histories beside the loop, so that one cold meeting does not stop the others.
type loader struct {
	requests chan string
	results  chan load
	queue    []string
	flying   int
}

func newLoader(ctx context.Context, wg *sync.WaitGroup, j *journal.Journal, p int) *loader {
	l := &loader{requests: make(chan string, loaders), results: make(chan load, loaders)}
	for range loaders {
		wg.Go(func() { l.run(ctx, j, p) })
	}
	return l
}

func (l *loader) run(ctx context.Context, j *journal.Journal, p int) {
	for {
		select {
		case key := <-l.requests:
			select {
			case l.results <- read(ctx, j, p, key):
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// read reads the history of one meeting. What happened to it is in one of the two streams (I2).
func read(ctx context.Context, j *journal.Journal, p int, key string) load {
	l := load{key: key}
	if l.events, l.err = j.History(ctx, p, key); l.err == nil {
		l.late, l.lateSeq, l.err = j.LateHistory(ctx, p, key)
	}
	return l
}

// ask queues a key.
func (l *loader) ask(key string) { l.queue = append(l.queue, key) }

// next returns where to send the next key and the key; a nil channel when there is none.
func (l *loader) next() (chan<- string, string) {
	if len(l.queue) == 0 {
		return nil, ""
	}
	return l.requests, l.queue[0]
}

func (l *loader) sent() {
	l.queue[0] = ""
	l.queue = l.queue[1:]
	l.flying++
}

func (l *loader) received() { l.flying-- }

// waiting returns how many histories are asked for and not here yet.
func (l *loader) waiting() int { return len(l.queue) + l.flying }
