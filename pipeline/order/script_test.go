package order_test

import (
	"encoding/binary"
	"math"
	"time"

	"pgregory.net/rapid"

	"carillon/pipeline/chime"
	"carillon/pipeline/order"
)

// unlimited are limits that no test reaches.
var unlimited = order.Limits{Events: math.MaxInt, Bytes: math.MaxInt}

// fewKinds are those that the state of an attendee orders, manyKinds every kind of a meeting and an unknown one.
var (
	fewKinds = []string{
		"chime:AttendeeJoined", "chime:AttendeeLeft", "chime:AttendeeDropped", "chime:AttendeeVideoStarted", "chime:AttendeeVideoStopped",
	}
	manyKinds = []string{
		"chime:MeetingStarted", "chime:AttendeeAdded", "chime:AttendeeAuthorized", "chime:AttendeeJoined", "chime:AttendeeCapabilitiesUpdated",
		"chime:AttendeeVideoStarted", "chime:AttendeeContentJoined", "chime:AttendeeContentVideoStarted", "chime:AttendeeScreenShareStarted",
		"chime:TranscriptionStarted", "chime:TranscriptionResumed", "chime:TranscriptionInterrupted", "chime:TranscriptionStopped",
		"chime:TranscriptionFailed", "chime:AttendeeContentVideoStopped", "chime:AttendeeScreenShareStopped", "chime:AttendeeContentLeft",
		"chime:AttendeeContentDropped", "chime:AttendeeVideoStopped", "chime:AttendeeLeft", "chime:AttendeeDropped", "chime:AttendeeDeleted",
		"chime:MeetingEnded", "chime:SomethingNew",
	}
)

// arrival is a push at a log time in milliseconds.
type arrival struct {
	at int64
	e  order.Entry[int]
}

// arrivals draws a script of either kind. least is the smallest step of log time between two arrivals.
func arrivals(t *rapid.T, least int64) []arrival {
	if rapid.Bool().Draw(t, "lives") {
		return meetings(t, least)
	}
	return anything(t, least)
}

// anything draws events with many ties that make no sense together.
func anything(t *rapid.T, least int64) []arrival {
	kinds := rapid.SampledFrom([][]string{fewKinds, manyKinds}).Draw(t, "kinds")
	times := rapid.Int64Range(1, 6).Draw(t, "times")
	now := int64(0)
	out := make([]arrival, rapid.IntRange(1, 40).Draw(t, "events"))
	for i := range out {
		now += rapid.Int64Range(least, window).Draw(t, "step") * rapid.Int64Range(least, 1).Draw(t, "moves")
		out[i] = arrival{at: now, e: entry(i, rapid.Uint16().Draw(t, "id"))}
		e := &out[i].e
		e.Key = rapid.SampledFrom([]string{"m", "n"}).Draw(t, "key")
		e.Kind = rapid.SampledFrom(kinds).Draw(t, "kind")
		e.Attendee = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "attendee")
		e.Time = rapid.Int64Range(1, times).Draw(t, "time")
		e.Size = rapid.IntRange(1, 100).Draw(t, "size")
	}
	return out
}

// entry returns an entry whose identity is its own, with a random beginning.
func entry(i int, random uint16) order.Entry[int] {
	var id chime.Identity
	binary.BigEndian.PutUint16(id[:], random)
	binary.BigEndian.PutUint32(id[12:], uint32(i))
	return order.Entry[int]{ID: id, Payload: i, Raw: uint64(i)}
}

func newBuffer(limits order.Limits) *order.Buffer[int] {
	return order.New[int](config(order.ModeTime), limits)
}

// byKey spreads entries over their meetings.
func byKey(es []order.Entry[int]) map[string][]order.Entry[int] {
	out := map[string][]order.Entry[int]{}
	for _, e := range es {
		out[e.Key] = append(out[e.Key], e)
	}
	return out
}

// config is that of all tests but for its mode.
func config(mode order.Mode) order.Config {
	c := order.DefaultConfig()
	c.Mode, c.Window = mode, window*time.Millisecond
	return c
}
