package order_test

import (
	"cmp"
	"slices"

	"pgregory.net/rapid"

	"carillon/pipeline"
	"carillon/pipeline/order"
)

// plot is what happens in a meeting before anything of it is lost or late.
type plot struct {
	t      *rapid.T
	key    string
	now    int64
	events []order.Entry[int]
}

// add lets something happen to somebody, a moment later or in the same millisecond.
func (p *plot) add(kind, attendee string, role pipeline.Role) {
	p.now += rapid.Int64Range(0, 2).Draw(p.t, "passes")
	p.events = append(p.events, order.Entry[int]{Key: p.key, Kind: "chime:" + kind, Attendee: attendee, Role: role, Time: p.now})
}

func (p *plot) may(what string) bool { return rapid.Bool().Draw(p.t, what) }

// attend adds the life of a person: added, authorized in most documents, there once or twice, perhaps deleted.
func (p *plot) attend(who string) {
	did := func(kind string) { p.add("Attendee"+kind, who, pipeline.RolePerson) }
	did("Added")
	if p.may("authorized") {
		did("Authorized")
	}
	for range rapid.IntRange(0, 2).Draw(p.t, "presences") {
		did("Joined")
		for range rapid.IntRange(0, 2).Draw(p.t, "sessions") {
			did("VideoStarted")
			did("VideoStopped")
		}
		if p.may("shares") {
			for _, kind := range []string{"ContentJoined", "ContentVideoStarted", "ContentVideoStopped", "ContentLeft"} {
				did(kind)
			}
		}
		did(rapid.SampledFrom([]string{"Left", "Dropped"}).Draw(p.t, "departs"))
	}
	if p.may("deleted") {
		did("Deleted")
	}
}

// capture adds the life of a media pipeline.
func (p *plot) capture() {
	p.add("AttendeeJoined", "p", pipeline.RoleService)
	p.add("AttendeeLeft", "p", pipeline.RoleService)
}

// transcribe adds a transcription.
func (p *plot) transcribe() {
	for _, kind := range []string{"Started", "Interrupted", "Resumed", "Stopped"} {
		p.add("Transcription"+kind, "", pipeline.RolePerson)
	}
}

// meetings draws one or two meetings as they may happen, loses some of it, delays some, and returns the arrivals. least is the
// smallest step of log time between two of them.
func meetings(t *rapid.T, least int64) []arrival {
	var out []arrival
	for _, key := range []string{"m", "n"}[:rapid.IntRange(1, 2).Draw(t, "meetings")] {
		for _, e := range meeting(t, key) {
			if rapid.IntRange(0, 9).Draw(t, "lost") == 0 {
				continue
			}
			delay := int64(0)
			if p := rapid.IntRange(0, 2).Draw(t, "delayed"); p == 0 {
				delay = rapid.Int64Range(1, 2*window).Draw(t, "delay")
			}
			out = append(out, arrival{at: e.Time + delay, e: e})
		}
	}
	slices.SortStableFunc(out, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	if len(out) == 0 {
		return anything(t, least)
	}
	for i := range out {
		if i > 0 {
			out[i].at = max(out[i].at, out[i-1].at+least)
		}
		x := entry(i, rapid.Uint16().Draw(t, "id"))
		e := &out[i].e
		e.ID, e.Payload, e.Raw, e.Size = x.ID, x.Payload, x.Raw, rapid.IntRange(1, 100).Draw(t, "size")
	}
	return out
}

// meeting draws what happens in one meeting.
func meeting(t *rapid.T, key string) []order.Entry[int] {
	p := plot{t: t, key: key}
	p.add("MeetingStarted", "", pipeline.RolePerson)
	begin, end := p.now, p.now
	lives := []func(){func() { p.attend("a") }, func() { p.attend("b") }, p.capture, p.transcribe}
	for _, live := range lives[:rapid.IntRange(1, len(lives)).Draw(t, "subjects")] {
		p.now = begin
		live()
		end = max(end, p.now)
	}
	p.now = end
	p.add("MeetingEnded", "", pipeline.RolePerson)
	return p.events
}
