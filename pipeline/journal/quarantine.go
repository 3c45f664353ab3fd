package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"
)

// Quarantined is a notification that cannot become an event, kept whole.
type Quarantined struct {
	// Source is the id of the source that brought it.
	Source string
	// Reason says in one line what is wrong and, where a person can mend it, what to change. It holds no payload.
	Reason string
	// Received is when it reached this router.
	Received time.Time
	// Trace is the path's own identifier of the delivery; empty when there is none.
	Trace string
	// Body is what was received.
	Body []byte
}

// QuarantineRecord is one that was read.
type QuarantineRecord struct {
	Quarantined
	// Place is where it begins in QUARANTINE.
	Place uint64
	// Size is how many bytes its body has, also where Body was not read.
	Size int
	// Missing is how many of its parts are not there: it cannot be put together again.
	Missing int

	places []uint64
	parts  int
	id     string
}

// Quarantine stores q whole; a body over the server's limit is kept in parts that share a Carillon-Id and count in
// Carillon-Part. Several calls share one commit.
func (j *Journal) Quarantine(ctx context.Context, q Quarantined) error {
	if err := j.writable(needAppend); err != nil {
		return err
	}
	limit := j.MaxBody()
	parts := max(1, (len(q.Body)+limit-1)/limit)
	id := nuid.Next()
	msgs := make([]*nats.Msg, parts)
	for i := range msgs {
		h := nats.Header{
			HeaderSource: {q.Source}, HeaderReason: {clean(q.Reason)}, HeaderReceived: {formatMillis(q.Received)},
		}
		if q.Trace != "" {
			h[HeaderTrace] = []string{clean(q.Trace)}
		}
		if parts > 1 {
			h[HeaderID], h[HeaderPart] = []string{id}, []string{strconv.Itoa(i+1) + "/" + strconv.Itoa(parts)}
		}
		msgs[i] = &nats.Msg{Subject: j.names.quarantineSubject(q.Source), Header: h, Data: q.Body[i*limit : min(len(q.Body), (i+1)*limit)]}
	}
	return j.qua.Append(ctx, msgs)
}

// errFound ends a scan that has what it looks for.
var errFound = errors.New("found")

// QuarantineList calls f for every record from place on, without its body, until f returns an error, which is returned. A record in
// parts comes when its last part was read; one whose parts are not all there comes at the end.
func (j *Journal) QuarantineList(ctx context.Context, place uint64, f func(QuarantineRecord) error) error {
	open := map[string]*QuarantineRecord{}
	stream, filter := j.names.place(PlaceQuarantine)
	err := j.scanFrom(ctx, stream, filter, place, func(m Message) error {
		part, _, inParts := strings.Cut(value(m.Header, HeaderPart), "/")
		if place > 1 && inParts && part != "1" && open[value(m.Header, HeaderID)] == nil {
			return nil // Its beginning is before place.
		}
		r := gather(open, &m)
		r.Body = nil
		if r.Missing > 0 {
			return nil
		}
		delete(open, r.id)
		return f(*r)
	})
	if err != nil {
		return err
	}
	rest := make([]*QuarantineRecord, 0, len(open))
	for _, r := range open {
		rest = append(rest, r)
	}
	slices.SortFunc(rest, func(a, b *QuarantineRecord) int { return cmp.Compare(a.Place, b.Place) })
	for _, r := range rest {
		if err := f(*r); err != nil {
			return err
		}
	}
	return nil
}

// QuarantineAt returns the record that begins at place with its body; false when there is none.
func (j *Journal) QuarantineAt(ctx context.Context, place uint64) (QuarantineRecord, bool, error) {
	m, ok, err := j.leaderMessage(ctx, j.names.quarantine(), map[string]any{"seq": place})
	if err != nil || !ok {
		return QuarantineRecord{}, false, err
	}
	open := map[string]*QuarantineRecord{}
	r := gather(open, &m)
	if r.Missing == 0 {
		return *r, true, nil
	}
	err = j.scanFrom(ctx, j.names.quarantine(), m.Subject, place+1, func(m Message) error {
		if value(m.Header, HeaderID) != r.id {
			return nil
		}
		if gather(open, &m); r.Missing == 0 {
			return errFound
		}
		return nil
	})
	if err != nil && !errors.Is(err, errFound) {
		return QuarantineRecord{}, false, err
	}
	return *r, true, nil
}

// gather adds a message to the record that it is a part of. Records in parts stay in open.
func gather(open map[string]*QuarantineRecord, m *Message) *QuarantineRecord {
	id := value(m.Header, HeaderID)
	r := open[id]
	if r == nil {
		r = &QuarantineRecord{Place: m.Sequence, parts: 1, id: id, Quarantined: Quarantined{
			Source: value(m.Header, HeaderSource), Reason: value(m.Header, HeaderReason), Trace: value(m.Header, HeaderTrace), Received: m.Stored,
		}}
		if ms, err := strconv.ParseInt(value(m.Header, HeaderReceived), 10, 64); err == nil {
			r.Received = time.UnixMilli(ms).UTC()
		}
		if _, total, ok := strings.Cut(value(m.Header, HeaderPart), "/"); ok && id != "" {
			r.parts, _ = strconv.Atoi(total)
			open[id] = r
		}
	}
	r.places = append(r.places, m.Sequence)
	r.Size += len(m.Body)
	r.Body = append(r.Body, m.Body...)
	r.Missing = r.parts - len(r.places)
	return r
}

// DropQuarantined removes r, which was read, with all its parts. That some are gone already is no error.
func (j *Journal) DropQuarantined(ctx context.Context, r QuarantineRecord) error {
	// The first part last: as long as it is there the record is seen.
	for _, place := range slices.Backward(r.places) {
		if err := j.remove(ctx, j.names.quarantine(), place); err != nil {
			return fmt.Errorf("dropping quarantined record: %w", err)
		}
	}
	return nil
}
