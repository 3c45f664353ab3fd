package order

import (
	"slices"
	"sort"
	"time"
)

// follower is an event that had a higher event time than all of its meeting that came before it.
type follower struct {
	time int64     // event time, Unix milliseconds
	at   time.Time // arrival
}

// recent is how many followers a meeting remembers.
const recent = 64

// followers tells, for the events of one meeting, when the first of those that follow arrived. Only an event with a higher
// event time than all before it can be the first for anybody, so that few are remembered.
type followers struct {
	seen []follower
	// last is how many events have the time of the last follower: they still wait for theirs.
	last int
}

// sight is what the arrival of an event tells.
type sight struct {
	// events is for how many events the first that follows them is known now: for this one when it comes behind, for those of
	// the highest time so far when this one is the first that follows them. after is the time from their event time to the
	// arrival of the one that follows.
	events int
	after  time.Duration
	// needed is how long the event that follows this one would have had to be held; 0 when it did not come before.
	needed time.Duration
}

// arrive takes the first copy of an event.
func (f *followers) arrive(now time.Time, at int64) sight {
	n := len(f.seen)
	switch {
	case n == 0:
		f.seen, f.last = append(f.seen, follower{time: at, at: now}), 1
		return sight{}
	case at == f.seen[n-1].time:
		f.last++
		return sight{}
	case at < f.seen[n-1].time:
		i := sort.Search(n, func(i int) bool { return f.seen[i].time > at })
		return sight{events: 1, after: since(f.seen[i].at, at), needed: now.Sub(f.seen[i].at)}
	}
	s := sight{events: f.last, after: since(now, f.seen[n-1].time)}
	if n == recent {
		f.seen = slices.Delete(f.seen, 0, recent/2)
	}
	f.seen, f.last = append(f.seen, follower{time: at, at: now}), 1
	return s
}

// since returns how long after an event time an instant is. The two clocks may differ: it may be negative.
func since(now time.Time, at int64) time.Duration { return now.Sub(time.UnixMilli(at)) }
