package chime

import (
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// earliest is 2015-01-01 in Unix milliseconds: before Amazon Chime.
	earliest = 1_420_070_400_000
	// maxAhead is how far ahead of its arrival an event time may be.
	maxAhead = 366 * 24 * time.Hour
)

// time returns the event time in Unix milliseconds: the first plausible one of the family's fields and the envelope's
// time, or 0. An implausible one stays part of the identity but does not decide the order: one wrong clock would
// otherwise hold up, or overtake, a whole meeting.
func (e event) time() int64 {
	for _, f := range e.family.times {
		if ms, ok := moment(e.fields[f]); ok && e.plausible(ms) {
			return ms
		}
	}
	if ms, ok := moment(e.parts[partTime]); ok && e.plausible(ms) {
		return ms
	}
	return 0
}

func (r *reader) plausible(ms int64) bool {
	return ms >= earliest && (r.arrival.IsZero() || ms <= r.arrival.Add(maxAhead).UnixMilli())
}

// moment reads a time in Unix milliseconds: a number, a string of digits, RFC 3339 with up to nanoseconds, or the latest
// updatedOn of a list of element statuses. Fractions of a millisecond are cut off.
func moment(v jsontext.Value) (ms int64, ok bool) {
	if v.Kind() == jsontext.KindBeginArray {
		return lastUpdate(v)
	}
	b := scalar(v)
	if len(b) == 0 {
		return 0, false
	}
	if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		return n, true
	}
	var t time.Time
	if t.UnmarshalText(b) == nil {
		return t.UnixMilli(), true
	}
	return fraction(b)
}

// fraction reads a number that is no int64. One beyond the range of int64 is as far off as can be.
func fraction(b []byte) (ms int64, ok bool) {
	if number := jsontext.Value(b); number.Kind() != jsontext.KindNumber || !number.IsValid() {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.Abs(f) >= math.MaxInt64 {
		return math.MaxInt64, true
	}
	return int64(f), true
}

// lastUpdate returns the latest updatedOn among the element statuses of a media insights pipeline.
func lastUpdate(statuses jsontext.Value) (ms int64, ok bool) {
	for _, status := range children(statuses) {
		updated := child(status, "updatedOn")
		if updated.Kind() == jsontext.KindBeginArray {
			continue
		}
		if t, isTime := moment(updated); isTime && (!ok || t > ms) {
			ms, ok = t, true
		}
	}
	return ms, ok
}
