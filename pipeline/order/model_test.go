package order_test

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"carillon/pipeline/chime"
	"carillon/pipeline/order"
)

// window is that of all tests, in milliseconds.
const window = 10

// start is the beginning of log time.
var start = time.Unix(1_700_000_000, 0)

// instant returns the log time ms milliseconds after the start.
func instant(ms int64) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }

// thing is an event as the model sees it.
type thing struct {
	order.Entry[int]
	came int64 // when it was pushed, ms
	left bool
}

func (x *thing) due() int64 { return x.came + window }

func (x *thing) traits() chime.Traits { return chime.Lookup(x.Kind) }

// before is the relation of mode time, spelled out.
func before(a, b *thing) bool {
	if a.Time != b.Time {
		return a.Time < b.Time
	}
	if a.First != b.First {
		return a.First
	}
	return cmp.Or(cmp.Compare(a.traits().Rank, b.traits().Rank), bytes.Compare(a.ID[:], b.ID[:])) < 0
}

func compare(a, b *thing) int {
	switch {
	case before(a, b):
		return -1
	case before(b, a):
		return 1
	}
	return 0
}

// model does what a Buffer in mode time does, by looking at everything again for each step.
type model struct {
	limits order.Limits
	keys   map[string]*modelMeeting
	all    []*thing
	ready  []*thing
	forced uint64
}

// modelMeeting is one meeting: everything that ever came, and in which order it left.
type modelMeeting struct {
	came, left []*thing
	// time is that of the last event that left in order, base what had left before the first one of that time.
	time int64
	base []*thing
}

func newModel(limits order.Limits) *model {
	return &model{limits: limits, keys: map[string]*modelMeeting{}}
}

func (m *model) meeting(key string) *modelMeeting {
	if m.keys[key] == nil {
		m.keys[key] = &modelMeeting{time: -1 << 62}
	}
	return m.keys[key]
}

func (m *model) held() []*thing {
	return slices.DeleteFunc(slices.Clone(m.all), func(x *thing) bool { return x.left })
}

func (m *model) push(now int64, e order.Entry[int]) {
	m.expire(now)
	x := &thing{Entry: e, came: now}
	k := m.meeting(e.Key)
	k.came = append(k.came, x)
	m.all = append(m.all, x)
	k.arrange()
	waiting := k.waiting()
	for _, w := range waiting {
		if slices.ContainsFunc(k.left, func(y *thing) bool { return before(w, y) }) {
			w.IsLate, w.Late = true, k.time-w.Time
			m.leave(k, w)
		}
	}
	for m.over() {
		m.forced++
		m.release(m.soonest())
	}
}

func (m *model) over() bool {
	held, size := m.held(), 0
	for _, x := range held {
		size += x.Size
	}
	return len(held) > m.limits.Events || size > m.limits.Bytes
}

func (m *model) soonest() *thing {
	return slices.MinFunc(m.held(), func(a, b *thing) int { return cmp.Or(cmp.Compare(a.due(), b.due()), cmp.Compare(a.Raw, b.Raw)) })
}

func (m *model) expire(now int64) {
	for len(m.held()) > 0 && m.soonest().due() <= now {
		m.release(m.soonest())
	}
}

func (m *model) due(now int64) []*thing {
	m.expire(now)
	out := m.ready
	m.ready = nil
	return out
}

func (m *model) release(x *thing) {
	k := m.meeting(x.Key)
	for !x.left {
		if at := k.waiting()[0].Time; at != k.time {
			k.time, k.base = at, slices.Clone(k.left)
			k.arrange()
		}
		m.leave(k, k.waiting()[0])
	}
}

func (m *model) leave(k *modelMeeting, x *thing) {
	x.left = true
	k.left = append(k.left, x)
	m.ready = append(m.ready, x)
}

// waiting returns what has not left, in order.
func (k *modelMeeting) waiting() []*thing {
	w := slices.DeleteFunc(slices.Clone(k.came), func(x *thing) bool { return x.left })
	slices.SortFunc(w, compare)
	return w
}

// arrange says anew of everything that waits whether it is first.
func (k *modelMeeting) arrange() {
	for _, x := range k.waiting() {
		x.First = x.Time == k.time && x.traits().Switch == chime.SwitchOff && k.was(x.Attendee, x.traits().Dimension) &&
			(k.has(x.Attendee, x.traits().Dimension, chime.SwitchOn) || k.returns(x.Attendee))
	}
}

// returns reports whether an attendee who was there both leaves and joins.
func (k *modelMeeting) returns(attendee string) bool {
	const d = chime.DimensionPresence
	return k.was(attendee, d) && k.has(attendee, d, chime.SwitchOn) && k.has(attendee, d, chime.SwitchOff)
}

// was reports whether something was on before the time of the meeting.
func (k *modelMeeting) was(attendee string, d chime.Dimension) bool {
	var last *thing
	for _, x := range k.base {
		if x.Attendee == attendee && x.traits().Dimension == d && d != chime.DimensionNone && (last == nil || before(last, x)) {
			last = x
		}
	}
	return last != nil && last.traits().Switch == chime.SwitchOn
}

// has reports whether something is switched at the time of the meeting, by whatever came.
func (k *modelMeeting) has(attendee string, d chime.Dimension, s chime.Switch) bool {
	return slices.ContainsFunc(k.came, func(x *thing) bool {
		return x.Time == k.time && x.Attendee == attendee && x.traits().Dimension == d && x.traits().Switch == s
	})
}
