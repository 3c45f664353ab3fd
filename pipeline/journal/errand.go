package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"carillon/pipeline"
)

// ErrNobody means that no router delivers the partition of the meeting to the sink right now.
var ErrNobody = errors.New("no router delivers to the sink right now")

// ErrandKind says what an errand is about.
type ErrandKind string

const (
	// ErrandRedrive sends a dead letter again, in its meeting's turn.
	ErrandRedrive ErrandKind = "redrive"
	// ErrandDrop removes a dead letter.
	ErrandDrop ErrandKind = "drop"
	// ErrandReplay sends an event again that the sink has passed.
	ErrandReplay ErrandKind = "replay"
	// errandPing asks for nothing but an answer.
	errandPing ErrandKind = "ping"
)

// Errand is what an operator wants of whoever delivers a meeting to a sink. It travels as a message, so that it reaches the owner of
// the partition in whatever process that is, and by the same way in one process alone.
type Errand struct {
	Kind ErrandKind
	// Event is the whole event for a replay; of a dead letter only ID and Key are sent.
	Event pipeline.Event
	// Patience is for how long the errand may wait for its turn.
	Patience time.Duration
}

// Outcome answers an errand.
type Outcome struct {
	// Result is one of the results that the receiver knows.
	Result string
	// Reason says more, without payload; empty when there is nothing to say.
	Reason string
}

// Headers of an errand and its outcome.
const (
	headerErrand   = "Carillon-Errand"
	headerPatience = "Carillon-Patience"
	headerResult   = "Carillon-Result"
)

// SendErrand gives e to whoever delivers partition p to sink and returns the outcome. ErrNobody means that nothing happened; after
// any other error it may or may not have.
func (j *Journal) SendErrand(ctx context.Context, sink string, p int, e Errand) (Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, e.Patience+apiTimeout)
	defer cancel()
	h := eventHeader(&e.Event)
	h[HeaderSequence] = []string{strconv.FormatUint(e.Event.Sequence, 10)}
	h[headerErrand] = []string{string(e.Kind)}
	h[headerPatience] = []string{e.Patience.String()}
	answer, err := j.nc.RequestMsgWithContext(ctx, &nats.Msg{Subject: j.names.errandSubject(sink, p), Header: h, Data: e.Event.Body})
	if errors.Is(err, nats.ErrNoResponders) {
		return Outcome{}, ErrNobody
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("asking for partition %d of sink %q: %w", p, sink, err)
	}
	return Outcome{Result: value(answer.Header, headerResult), Reason: value(answer.Header, HeaderReason)}, nil
}

// ReceiveErrands gives what is wanted of partition p of sink to f, one after the other, until stop is called. f calls answer once,
// then or later.
func (j *Journal) ReceiveErrands(sink string, p int, f func(e Errand, answer func(Outcome))) (stop func(), err error) {
	sub, err := j.nc.Subscribe(j.names.errandSubject(sink, p), func(m *nats.Msg) {
		e, err := readErrand(m)
		answer := func(o Outcome) {
			reply := &nats.Msg{Header: nats.Header{headerResult: {o.Result}, HeaderReason: {clean(o.Reason)}}}
			_ = m.RespondMsg(reply) // Whoever asked asks again if it gets lost.
		}
		if err != nil || e.Kind == errandPing {
			answer(Outcome{})
			return
		}
		f(e, answer)
	})
	if err != nil {
		return nil, fmt.Errorf("listening for errands: %w", err)
	}
	return func() { _ = sub.Unsubscribe() }, nil
}

func readErrand(m *nats.Msg) (Errand, error) {
	patience, err := time.ParseDuration(value(m.Header, headerPatience))
	if err != nil {
		return Errand{}, fmt.Errorf("reading errand: %w", err)
	}
	e, err := (&Message{Header: m.Header, Body: m.Data}).Event()
	if err != nil {
		return Errand{}, fmt.Errorf("reading errand: %w", err)
	}
	if e.Sequence, err = strconv.ParseUint(value(m.Header, HeaderSequence), 10, 64); err != nil {
		return Errand{}, fmt.Errorf("reading errand: %w", err)
	}
	return Errand{Kind: ErrandKind(value(m.Header, headerErrand)), Event: e, Patience: patience}, nil
}

// ResumeSink tells every router that sink is to go on.
func (j *Journal) ResumeSink(sink string) error {
	if err := j.nc.Publish(j.names.resumeSubject(sink), nil); err != nil {
		return fmt.Errorf("resuming sink %q: %w", sink, err)
	}
	return nil
}

// OnResume calls f whenever somebody says that sink is to go on, until stop is called.
func (j *Journal) OnResume(sink string, f func()) (stop func(), err error) {
	sub, err := j.nc.Subscribe(j.names.resumeSubject(sink), func(*nats.Msg) { f() })
	if err != nil {
		return nil, fmt.Errorf("listening for resumption: %w", err)
	}
	return func() { _ = sub.Unsubscribe() }, nil
}
