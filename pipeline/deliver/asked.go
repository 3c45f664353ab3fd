package deliver

import (
	"slices"

	"carillon/pipeline"
)

// asking is the part of Lanes for events that somebody asked for out of turn: dead letters and history. They are sent between the
// events of their meeting, never beside one (I5), each once, and leave what their lane is about as it is.
type asking struct {
	byMeeting map[string]*askedLane
	willing   []*askedLane // has a queue, and is not with the sink
	turn      bool         // it goes first
}

// askedLane is what was asked for of one meeting.
type askedLane struct {
	key    string
	queue  []Item
	flying bool
	passed bool  // its turn came while the lane of the meeting was with the sink
	behind *lane // gave way to it
}

// Ask takes an event with a Ticket.
func (l *Lanes) Ask(i Item) {
	a := l.byMeeting[i.Key]
	if a == nil {
		a = &askedLane{key: i.Key}
		l.byMeeting[i.Key] = a
		l.willing = append(l.willing, a)
	}
	a.queue = append(a.queue, i)
}

// takeAsked appends to dst what was asked for, one event of each meeting, as long as it has less than limit.
func (l *Lanes) takeAsked(dst []Item, limit int) []Item {
	for i := 0; i < len(l.willing) && len(dst) < limit; {
		a := l.willing[i]
		if n := l.byKey[a.key]; n != nil && n.flying > 0 {
			a.passed = true
			i++
			continue
		}
		l.willing = slices.Delete(l.willing, i, i+1)
		a.flying = true
		dst = append(dst, a.queue[0])
	}
	return dst
}

// yield reports whether a lane that is ready has to wait for what was asked for of its meeting. It waits while that is with the
// sink, and once for what it was in the way of before: a lane that is always busy must not keep it from being sent for ever.
func (l *Lanes) yield(n *lane) bool {
	a := l.byMeeting[n.key]
	switch {
	case a == nil || !a.flying && !a.passed:
		return false
	case !a.flying:
		a.passed = false
		i := slices.Index(l.willing, a)
		l.willing[0], l.willing[i] = a, l.willing[0]
	}
	a.behind = n
	return true
}

// answered takes the answer to one event that was asked for.
func (l *Lanes) answered(v *Verdict, i Item, err error) {
	if err != nil {
		class, _ := pipeline.Classify(err)
		v.fail(class)
		if class == pipeline.ClassFatal {
			v.Fatal = err
		}
	}
	v.Answered = append(v.Answered, Answered{Item: i, Err: err})
	a := l.byMeeting[i.Key]
	a.queue = a.queue[1:]
	l.back(a)
}

// unask gives back an event that was not sent.
func (l *Lanes) unask(i *Item) { l.back(l.byMeeting[i.Key]) }

func (l *Lanes) back(a *askedLane) {
	a.flying, a.passed = false, false
	if n := a.behind; n != nil {
		a.behind = nil
		l.goOn(n)
	}
	if len(a.queue) > 0 {
		l.willing = append(l.willing, a)
		return
	}
	delete(l.byMeeting, a.key)
}

// Withdraw takes back what was asked for with this ticket, and reports whether it could: not when it is with the sink.
func (l *Lanes) Withdraw(key string, ticket int) bool {
	a := l.byMeeting[key]
	if a == nil {
		return false
	}
	i := slices.IndexFunc(a.queue, func(i Item) bool { return i.Ticket == ticket })
	if i < 0 || i == 0 && a.flying {
		return false
	}
	a.queue = slices.Delete(a.queue, i, i+1)
	if len(a.queue) == 0 {
		l.willing = slices.DeleteFunc(l.willing, func(w *askedLane) bool { return w == a })
		l.back(a)
	}
	return true
}

// Passed reports whether the event of key at seq was sent, given up or not wanted, so that it is history to the sink.
func (l *Lanes) Passed(key string, seq uint64) bool {
	n := l.byKey[key]
	switch {
	case n == nil || n.parked == nil && len(n.queue) == 0:
		return seq <= l.reach
	case len(n.queue) > 0:
		return seq < n.queue[0].Sequence
	}
	return seq < n.parked.from
}
