package bench

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/dedupe"
	"carillon/pipeline/order"
	"carillon/pipeline/simulate"
)

var errUnreliable = errors.New("what came out is not what went in")

// arrival is one copy of an event, as dedupe lets it through to order.
type arrival struct {
	at      time.Time
	event   int // in the truth
	witness bool
	entry   order.Entry[int] // its payload is the index of the arrival
}

// replay is one run of a profile up to order. It is not changed by run.
type replay struct {
	truth    simulate.Truth
	plan     []simulate.Delivery // the first copies, without bodies
	arrivals []arrival
}

// newReplay makes meetings, sends them over the paths, reads and dedupes what arrives.
func newReplay(p simulate.Profile) (*replay, error) {
	truth, err := simulate.Generate(p)
	if err != nil {
		return nil, fmt.Errorf("making meetings: %w", err)
	}
	r := &replay{truth: truth}
	memories := map[string]*dedupe.Memory{}
	var items []chime.Item
	for i, d := range simulate.Plan(p, truth) {
		items = chime.Read(items[:0], d.Body, d.At)
		rec, err := items[0].Record, items[0].Err
		if err != nil {
			return nil, fmt.Errorf("reading a notification: %w", err)
		}
		m, ok := memories[rec.Key]
		if !ok {
			m = new(dedupe.Memory)
			memories[rec.Key] = m
		}
		r.add(d, rec, m.See(rec.ID, uint64(i+1)) != dedupe.New)
	}
	return r, nil
}

func (r *replay) add(d simulate.Delivery, rec chime.Record, witness bool) {
	a := arrival{at: d.At, event: d.Event, witness: witness, entry: order.Entry[int]{
		Key: rec.Key, ID: rec.ID, Kind: rec.Kind, Attendee: rec.Attendee, Time: rec.Time, Source: string(d.Path), Size: len(d.Body), Raw: uint64(len(r.arrivals) + 1),
		Payload: len(r.arrivals),
	}}
	if rec.Attendee != "" && bytes.Contains(d.Body, []byte("aws:MediaPipeline-")) {
		a.entry.Role = pipeline.RoleService
	}
	r.arrivals = append(r.arrivals, a)
	if !witness {
		d.Body = nil
		r.plan = append(r.plan, d)
	}
}

// run gives every copy to order when it arrives, takes out what is due at the moment it is due, and scores that.
func (r *replay) run(c order.Config) (quality, error) {
	out := &release{
		replay: r, score: simulate.NewScore(r.truth, r.plan, c.Window, 0), buffer: order.New[int](c, noLimits()),
		windows: make([]time.Duration, len(r.arrivals)),
	}
	if c.Mode == order.ModeCausal {
		out.score.ByLife()
	}
	for i := range r.arrivals {
		a := &r.arrivals[i]
		out.until(a.at)
		if a.witness {
			out.buffer.Copy(a.at, a.entry)
		} else {
			out.buffer.Push(a.at, a.entry)
			out.windows[i] = out.buffer.Window()
		}
		out.at(a.at)
	}
	for next, waits := out.buffer.Next(); waits; next, waits = out.buffer.Next() {
		out.at(next)
	}
	q := quality{report: out.score.Report(simulate.Observed{}), unseen: out.score.UnseenSwaps()}
	if n := q.report; n.Lost+n.Duplicated+n.Mislabelled > 0 {
		return q, fmt.Errorf("%w: %d lost, %d duplicated, %d mislabelled", errUnreliable, n.Lost, n.Duplicated, n.Mislabelled)
	}
	return q, nil
}

// release takes events out of order and scores them.
type release struct {
	*replay

	score  *simulate.Score
	buffer *order.Buffer[int]
	// windows has, by arrival, for how long the first copies are held at most.
	windows  []time.Duration
	due      []order.Entry[int]
	sequence uint64
}

// until takes out what is due up to limit, each at its own time.
func (r *release) until(limit time.Time) {
	for next, waits := r.buffer.Next(); waits && !next.After(limit); next, waits = r.buffer.Next() {
		r.at(next)
	}
}

// at takes out what is due now.
func (r *release) at(now time.Time) {
	r.due = r.buffer.Due(r.due[:0], now)
	for i := range r.due {
		e := &r.due[i]
		a := &r.arrivals[e.Payload]
		r.sequence++
		r.score.AddEvent(a.event, simulate.Output{
			ID: e.ID.String(), Kind: e.Kind, Key: e.Key, Attendee: e.Attendee, TimeMS: e.Time, Sequence: r.sequence,
			Late: e.IsLate, LateMS: e.Late, Window: r.windows[e.Payload], Received: a.at, Accepted: now,
		})
	}
}
