package dedupe_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
	"carillon/pipeline/dedupe"
)

// begin is the log time at which scripts begin.
var begin = time.Unix(1_700_000_000, 0).UTC()

// player plays a script of records, recoveries, meetings that leave memory and clocks that step to a ledger and to a model.
type player struct {
	*rapid.T
	ledger  dedupe.Ledger
	model   model
	raw     []*pipeline.Event // the record with sequence n is at n-1
	first   []dedupe.Verdict  // of each record when it was read first
	read    int               // how many records were read in this tenure
	floor   int               // how many need no reading again
	stays   map[string]*stay
	left    map[uint64]bool // what the ledger said has left the watch
	counted dedupe.Findings
}

func newPlayer(t *rapid.T) *player {
	p := &player{T: t, stays: map[string]*stay{}, left: map[uint64]bool{}}
	set := dedupe.Settings{
		Sources:   []dedupe.Source{{ID: "queue", Group: "a"}, {ID: "topic", Group: "a"}, {ID: "bus", Group: "a"}, {ID: "lone", Group: "b"}, {ID: "twin", Group: "b"}},
		Tolerance: time.Duration(rapid.SampledFrom([]int{0, 0, 1, 700, 3000}).Draw(t, "tolerance")) * time.Millisecond,
		Grace:     10 * time.Second,
		Watched:   rapid.SampledFrom([]int{0, 3, 1000}).Draw(t, "watched"),
		Left:      func(raw uint64) { p.left[raw] = true },
	}
	if rapid.Bool().Draw(t, "listens late") {
		set.Since = begin.Add(-29 * time.Second)
	}
	p.ledger, p.model = dedupe.NewLedger(set), model{set: set, now: begin}
	return p
}

// write appends a record to RAW.
func (p *player) write() {
	ms := rapid.SampledFrom([]int{0, 1, 500, 700, 1000, 1500, 2000, 2600, 5000}).Draw(p.T, "time")
	e := &pipeline.Event{
		Key:      rapid.SampledFrom([]string{"a", "b"}).Draw(p.T, "key"),
		Loose:    uint64(rapid.IntRange(0, 2).Draw(p.T, "loose")),
		Time:     begin.Add(time.Duration(ms) * time.Millisecond),
		Source:   rapid.SampledFrom([]string{"queue", "topic", "bus", "lone", "twin", "gone", "stranger"}).Draw(p.T, "source"),
		Received: begin.Add(time.Duration(rapid.IntRange(-2000, 50_000).Draw(p.T, "received")) * time.Millisecond),
		Raw:      uint64(len(p.raw) + 1),
	}
	copy(e.ID[:], e.Key+strconv.Itoa(int(e.Loose))+"/"+strconv.Itoa(ms))
	p.raw = append(p.raw, e)
}

// take reads the next record.
func (p *player) take() {
	if p.read == len(p.raw) {
		return
	}
	e := p.raw[p.read]
	p.read++
	in := p.meeting(e.Key)
	want, h := p.model.see(in, e)
	require.Equal(p.T, want, p.ledger.See(&in.memory, e))
	if want.Verdict == dedupe.New {
		require.Equal(p.T, h.counted, p.left[e.Raw])
		if !h.counted {
			p.model.watch(h)
			p.ledger.Watch(&in.memory, p.model.now, e)
		}
	}
	p.consistent(want.Verdict, e, h)
}

// consistent expects a verdict to be the same whenever a record is read, but for what EVENTS has since.
func (p *player) consistent(v dedupe.Verdict, e *pipeline.Event, h *happening) {
	if len(p.first) < int(e.Raw) {
		p.first = append(p.first, v)
		return
	}
	first := p.first[e.Raw-1]
	if first == dedupe.New && h.appended {
		first = dedupe.Reread
	}
	require.Equal(p.T, first, v)
}

// meeting returns the memory of a meeting, from EVENTS if it is not there.
func (p *player) meeting(key string) *stay {
	in, there := p.stays[key]
	if !there {
		in = &stay{}
		p.stays[key] = in
		for _, i := range rapid.Permutation(numbers(len(p.model.events))).Draw(p.T, "history") {
			if h := p.model.events[i]; h.first.Key == key && h.appended {
				p.ledger.Restore(&in.memory, h.first)
				p.model.restored(h)
			}
		}
	}
	return in
}

func numbers(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// settle appends events to EVENTS and lets the floor rise.
func (p *player) settle() {
	for _, h := range p.model.events {
		if h.known && !h.appended && rapid.Bool().Draw(p.T, "appended") {
			h.appended = true
		}
	}
	floor := p.read
	for _, h := range p.model.events {
		if !h.appended {
			floor = min(floor, int(h.first.Raw)-1)
		}
	}
	p.floor = max(p.floor, rapid.IntRange(0, floor).Draw(p.T, "floor"))
}

// leave takes a meeting out of memory, if all its events are in EVENTS.
func (p *player) leave(key string) {
	for _, h := range p.model.events {
		if h.first.Key == key && !h.appended {
			return
		}
	}
	if in, there := p.stays[key]; there {
		in.gone = true
		in.memory.Close()
		delete(p.stays, key)
	}
}

// recover ends the tenure and begins another one at the floor.
func (p *player) recover() {
	p.count(p.model.abandon(), p.ledger.Abandon(p.settled))
	p.ledger = dedupe.NewLedger(p.model.set)
	p.stays, p.read = map[string]*stay{}, p.floor
}

func (p *player) settled(raw uint64) bool {
	for _, h := range p.model.events {
		if h.first.Raw == raw {
			return h.appended
		}
	}
	return false
}

// pass moves log time, sometimes back, which it must not mind.
func (p *player) pass() {
	now := p.model.now.Add(time.Duration(rapid.IntRange(-3000, 25_000).Draw(p.T, "passes")) * time.Millisecond)
	if now.After(p.model.now) {
		p.model.now = now
	}
	waits := len(p.model.queue) > 0 && p.model.now.Sub(p.model.queue[0].began) >= p.model.set.Grace
	require.Equal(p.T, waits, p.ledger.Waits(now))
	p.count(p.model.due(), p.ledger.Due(now))
}

func (p *player) count(want, got dedupe.Findings) {
	require.Equal(p.T, want, got)
	p.counted.Judged += got.Judged
	p.counted.Unjudged += got.Unjudged
}

// TestLedgerAgainstModel plays scripts. In the end every event was either judged or not, once.
func TestLedgerAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPlayer(t)
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			switch rapid.IntRange(0, 20).Draw(t, "what") {
			case 0:
				p.recover()
			case 1, 2:
				p.settle()
			case 3:
				p.leave(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "leaves"))
			case 4, 5:
				p.pass()
			default:
				p.write()
				p.take()
			}
		}
		p.read = min(p.read, len(p.raw))
		for p.read < len(p.raw) {
			p.take()
		}
		p.model.now = p.model.now.Add(time.Minute)
		p.count(p.model.due(), p.ledger.Due(p.model.now))
		require.Equal(t, len(p.model.events), p.counted.Judged+p.counted.Unjudged)
	})
}
