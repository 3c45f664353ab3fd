package order_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
	"carillon/pipeline/order"
)

// causalModel does what a Buffer in mode causal does, by looking at everything again for each step.
type causalModel struct {
	limits order.Limits
	keys   map[string]*causalMeeting
	all    []*thing
	ready  []*thing
	forced uint64
}

func newCausalModel(limits order.Limits) *causalModel {
	return &causalModel{limits: limits, keys: map[string]*causalMeeting{}}
}

func (m *causalModel) held() []*thing {
	return slices.DeleteFunc(slices.Clone(m.all), func(x *thing) bool { return x.left })
}

func (m *causalModel) push(now int64, e order.Entry[int]) {
	m.expire(now)
	x := &thing{Entry: e, came: now}
	if m.keys[e.Key] == nil {
		m.keys[e.Key] = &causalMeeting{}
	}
	k := m.keys[e.Key]
	if late, by := k.late(x); late {
		x.IsLate, x.Late = true, by
	}
	k.came, m.all = append(k.came, x), append(m.all, x)
	if _, known := x.law(); !known || x.IsLate {
		m.leave(k, x)
	}
	m.settle(k, subjectOf(&x.Entry))
	for m.over() {
		m.forced++
		m.release(m.soonest())
	}
}

func (m *causalModel) over() bool {
	held, size := m.held(), 0
	for _, x := range held {
		size += x.Size
	}
	return len(held) > m.limits.Events || size > m.limits.Bytes
}

func (m *causalModel) soonest() *thing {
	return slices.MinFunc(m.held(), func(a, b *thing) int { return cmp.Or(cmp.Compare(a.due(), b.due()), cmp.Compare(a.Raw, b.Raw)) })
}

func (m *causalModel) expire(now int64) {
	for len(m.held()) > 0 && m.soonest().due() <= now {
		m.release(m.soonest())
	}
}

func (m *causalModel) due(now int64) (out []order.Entry[int]) {
	m.expire(now)
	for _, x := range m.ready {
		out = append(out, x.Entry)
	}
	m.ready = nil
	return out
}

func (m *causalModel) leave(k *causalMeeting, x *thing) {
	x.left = true
	k.left, m.ready = append(k.left, x), append(m.ready, x)
}

// settle lets leave what may: of one subject, then of those that wait for the start, and at last the end.
func (m *causalModel) settle(k *causalMeeting, subject string) {
	subjects := []string{subject}
	for _, w := range k.waiting() {
		subjects = append(subjects, subjectOf(&w.Entry))
	}
	for _, s := range append(subjects, "meeting") {
		for x := k.ready(s); x != nil; x = k.ready(s) {
			m.leave(k, x)
		}
	}
}

func (m *causalModel) release(x *thing) {
	k := m.keys[x.Key]
	if short(x) == "MeetingEnded" {
		for _, w := range k.waiting() {
			if w.isMove() && w.Time < x.Time && !w.left {
				m.force(k, w)
			}
		}
	}
	m.force(k, x)
}

func (m *causalModel) force(k *causalMeeting, x *thing) {
	subject := subjectOf(&x.Entry)
	for !x.left {
		next := k.ready(subject)
		if next == nil {
			next = k.front(subject)
		}
		next.Gap = strings.Join(k.lacks(next), ",")
		m.leave(k, next)
	}
	m.settle(k, subject)
}

// bySubject spreads entries over their meetings and subjects: nothing is promised between two attendees.
func bySubject(es []order.Entry[int]) map[string][]order.Entry[int] {
	out := map[string][]order.Entry[int]{}
	for _, e := range es {
		name := e.Key + " " + subjectOf(&e)
		out[name] = append(out[name], e)
	}
	return out
}

// people draws a script with roles: "p" is a media pipeline, some events of "a" are about its content.
func people(t *rapid.T, least int64) []arrival {
	if rapid.Bool().Draw(t, "lives") {
		return meetings(t, least)
	}
	script := anything(t, least)
	for i := range script {
		e := &script[i].e
		e.Attendee = rapid.SampledFrom([]string{"a", "a", "b", "p"}).Draw(t, "who")
		switch {
		case e.Attendee == "p":
			e.Role = pipeline.RoleService
		case e.Attendee == "a" && rapid.IntRange(0, 9).Draw(t, "content") == 0:
			e.Role = pipeline.RoleContent
		}
	}
	return script
}

// TestCausalAgainstModel compares what leaves, when, and how it is marked with the model, with and without limits that bite.
func TestCausalAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits, least := unlimited, int64(0)
		if rapid.Bool().Draw(t, "limited") {
			limits = order.Limits{Events: rapid.IntRange(0, 8).Draw(t, "limit"), Bytes: rapid.IntRange(0, 400).Draw(t, "bytes")}
			least = 1 // Which of two holds that end together is cut short is not promised.
		}
		script := people(t, least)
		b, m := order.New[int](config(order.ModeCausal), limits), newCausalModel(limits)
		for i, a := range script {
			b.Push(instant(a.at), a.e)
			m.push(a.at, a.e)
			require.Len(t, m.held(), b.Held())
			require.Equal(t, m.forced, b.Forced())
			if rapid.Bool().Draw(t, "due") {
				next := a.at + 2*window
				if i+1 < len(script) {
					next = script[i+1].at
				}
				now := rapid.Int64Range(a.at, next).Draw(t, "now")
				require.Equal(t, bySubject(m.due(now)), bySubject(unstamped(b.Due(nil, instant(now)))))
			}
		}
		now := script[len(script)-1].at + window
		require.Equal(t, bySubject(m.due(now)), bySubject(unstamped(b.Due(nil, instant(now)))))
		require.Zero(t, b.Held())
	})
}

// TestCausalInvariants checks what is promised without looking at how it is done: everything leaves once, within the window,
// what waits does not let what follows it of its subject pass, and what is late has something that it had to precede.
func TestCausalInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := people(t, 0)
		b := order.New[int](config(order.ModeCausal), unlimited)
		out, _ := run(t, b, script)
		requireOnce(t, script, out)
		seen := map[int]int64{}
		b = order.New[int](config(order.ModeCausal), unlimited)
		for at := int64(0); at <= latest(script)+window; at++ {
			for _, a := range script {
				if a.at == at {
					b.Push(instant(at), a.e)
				}
			}
			for _, e := range b.Due(nil, instant(at)) {
				seen[e.Payload] = at
				require.LessOrEqual(t, at-script[e.Payload].at, int64(window), "held longer than the window")
				require.Condition(t, func() bool { return e.Gap == "" || !e.IsLate })
			}
		}
		require.Len(t, seen, len(script))
	})
}

// unstamped returns entries without the log time of their arrival, which a life that begins behind it cannot know.
func unstamped(es []order.Entry[int]) []order.Entry[int] {
	es = slices.Clone(es)
	for i := range es {
		es[i].Arrived = 0
	}
	return es
}

// TestCausalBackwards lets log time jump about: none is lost or repeated, and nothing is kept.
func TestCausalBackwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := people(t, 0)
		b := order.New[int](config(order.ModeCausal), unlimited)
		var out []order.Entry[int]
		for i := range script {
			script[i].at = rapid.Int64Range(-50, 50).Draw(t, "at")
			b.Push(instant(script[i].at), script[i].e)
			out = b.Due(out, instant(rapid.Int64Range(-60, 60).Draw(t, "now")))
		}
		out = b.Due(out, instant(50+window))
		requireOnce(t, script, out)
		require.Zero(t, b.Held())
		require.True(t, b.Forget("m"))
	})
}
