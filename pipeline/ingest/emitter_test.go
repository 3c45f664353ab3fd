package ingest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/ingest"
	"carillon/pipeline/journal"
	"carillon/pipeline/pipelinetest"
)

func TestStoredWithWhatLaterStagesNeed(t *testing.T) {
	f := newFake()
	received := time.Date(2026, 1, 1, 0, 0, 3, 0, time.UTC)
	body := good("a", 1)
	require.NoError(t, newRig(f).Emit(t.Context(),
		pipeline.Notification{Body: []byte(body), Received: received, Trace: "message-1"},
		pipeline.Notification{Body: []byte(body)}))
	require.Len(t, f.stored, 2)
	n := f.stored[0]
	require.Equal(t, body, string(n.Body))
	require.Equal(t, "queue", n.Source)
	require.Equal(t, "message-1", n.Trace)
	require.Equal(t, received, n.Received)
	require.Equal(t, "chime:AttendeeJoined", n.Kind)
	require.EqualValues(t, 1767225600000, n.Time)
	require.Equal(t, clock, f.stored[1].Received, "no time of arrival means now")
	require.Equal(t, n.ID, f.stored[1].ID)
	require.Equal(t, 1, f.appends, "one call, so that they share a commit")
}

func TestArrivalIsTheTimeOfWhatHasNone(t *testing.T) {
	f := newFake()
	require.NoError(t, newRig(f).Emit(t.Context(), notes(`{"source":"aws.chime","id":"1","detail-type":"Chime Something New","detail":{"a":1}}`)...))
	require.Len(t, f.stored, 1)
	require.Equal(t, clock.UnixMilli(), f.stored[0].Time)
}

func TestNothingIsNothing(t *testing.T) {
	f := newFake()
	r := newRig(f)
	require.NoError(t, r.Emit(t.Context()))
	require.Zero(t, r.counted(t, "received"))
}

func TestRefusedByTheJournalGoesToQuarantine(t *testing.T) {
	f := newFake()
	f.raw = func(m *nats.Msg) error {
		if strings.Contains(string(m.Data), "culprit") {
			return journal.ErrRefused
		}
		return nil
	}
	r := newRig(f)
	require.NoError(t, r.Emit(t.Context(), notes(good("a", 1), good("culprit", 1), good("b", 1))...))
	require.Len(t, f.stored, 2)
	require.Len(t, f.quaran, 1)
	require.Equal(t, good("culprit", 1), string(f.quaran[0].Body))
	require.Equal(t, "queue", f.quaran[0].Source)
	require.Equal(t, journal.ErrRefused.Error(), f.quaran[0].Reason)
	require.NoError(t, testutil.GatherAndCompare(r.reg, strings.NewReader(quarantinedMetric), "carillon_ingest_quarantined_total"))
}

const quarantinedMetric = `
# HELP carillon_ingest_quarantined_total Notifications stored in QUARANTINE, by reason.
# TYPE carillon_ingest_quarantined_total counter
carillon_ingest_quarantined_total{reason="bad_timestamp"} 0
carillon_ingest_quarantined_total{reason="empty"} 0
carillon_ingest_quarantined_total{reason="invalid_json"} 0
carillon_ingest_quarantined_total{reason="missing_field"} 0
carillon_ingest_quarantined_total{reason="no_detail"} 0
carillon_ingest_quarantined_total{reason="no_detail_type"} 0
carillon_ingest_quarantined_total{reason="not_an_object"} 0
carillon_ingest_quarantined_total{reason="refused_by_journal"} 1
carillon_ingest_quarantined_total{reason="too_deep"} 0
carillon_ingest_quarantined_total{reason="too_many"} 0
`

func TestTooLargeIsNotEvenTried(t *testing.T) {
	f := newFake()
	f.maxBody = 500
	f.raw = func(m *nats.Msg) error { return errors.New("should not come") }
	require.NoError(t, newRig(f).Emit(t.Context(), notes(good("a", 1000))...))
	require.Len(t, f.quaran, 1)
	require.Contains(t, f.quaran[0].Reason, "more than the 500 the journal takes")
	require.Equal(t, good("a", 1000), string(f.quaran[0].Body))
}

func TestFailureNamesItsNotification(t *testing.T) {
	f := newFake()
	f.raw = func(m *nats.Msg) error {
		if strings.Contains(string(m.Data), "bad") {
			return journal.ErrFull
		}
		return nil
	}
	err := newRig(f).Emit(t.Context(), notes(good("a", 1), "["+good("b", 1)+","+good("bad", 1)+"]", filtered("x"), good("c", 1))...)
	var be *pipeline.BatchError
	require.ErrorAs(t, err, &be)
	require.Len(t, be.Failed, 1)
	require.Equal(t, 1, be.Failed[0].Index)
	require.ErrorIs(t, be.Failed[0].Err, journal.ErrFull)
	require.Len(t, f.stored, 3)
}

func TestJournalAwayConfirmsNothing(t *testing.T) {
	f := newFake()
	f.whole = func() error { return errUnknown }
	f.quarantine = func(journal.Quarantined) error { return errUnknown }
	errs := pipeline.FailedAt(newRig(f).Emit(t.Context(), notes(good("a", 1), unreadable("b"))...), 2)
	for _, err := range errs {
		require.ErrorIs(t, err, errUnknown)
	}
}

func TestQuarantineFullConfirmsNothing(t *testing.T) {
	f := newFake()
	f.quarantine = func(journal.Quarantined) error { return journal.ErrFull }
	r := newRig(f)
	err := r.Emit(t.Context(), notes(unreadable("secret-payload"))...)
	require.ErrorIs(t, err, journal.ErrFull)
	require.NotContains(t, err.Error(), "secret-payload")
	require.Zero(t, r.counted(t, "quarantined"))
	require.Equal(t, 1, r.counted(t, "failed"))
}

// TestBytesInFlightAreBounded fills the room of all sources with calls that wait, and expects the next one to wait for room.
func TestBytesInFlightAreBounded(t *testing.T) {
	const room, half = 64 << 20, 40 << 20
	f := newFake()
	f.maxBody = room
	entered, leave := make(chan struct{}), make(chan struct{})
	f.quarantine = func(journal.Quarantined) error {
		entered <- struct{}{}
		<-leave
		return nil
	}
	in := ingest.New(f)
	emitter := func() pipeline.Emitter {
		return in.Emitter(pipeline.Settings{ID: "queue", Registerer: prometheus.NewRegistry(), Clock: time.Now})
	}
	first, second := emitter(), emitter() // The room is shared by all sources.
	answers := make(chan error, 2)
	go func() { answers <- first.Emit(t.Context(), pipeline.Notification{Body: make([]byte, half)}) }()
	<-entered

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := second.Emit(ctx, pipeline.Notification{Body: make([]byte, half)})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "waiting for room")

	go func() { answers <- second.Emit(t.Context(), pipeline.Notification{Body: make([]byte, half)}) }()
	leave <- struct{}{}
	require.NoError(t, <-answers)
	<-entered
	leave <- struct{}{}
	require.NoError(t, <-answers)

	// More than there is room for at all goes alone.
	go func() { answers <- first.Emit(t.Context(), pipeline.Notification{Body: make([]byte, 2*room)}) }()
	<-entered
	leave <- struct{}{}
	require.NoError(t, <-answers)
}

// TestRealJournal sends one of each to a real journal.
func TestRealJournal(t *testing.T) {
	j := pipelinetest.OpenJournal(t, func(s *pipelinetest.JournalSetup) { s.Stream.MaxBytes = 256 << 20 })
	r := newRig(j)
	huge := good("huge", 2*j.MaxBody())
	require.NoError(t, r.Emit(t.Context(), notes(good("a", 1), unreadable("b"), filtered("c"), huge, "["+good("d", 1)+","+unreadable("e")+"]")...))

	place := func(p journal.Place) (bodies []string) {
		require.NoError(t, j.Scan(t.Context(), p, func(m journal.Message) error {
			bodies = append(bodies, string(m.Body))
			return nil
		}))
		return bodies
	}
	require.Equal(t, []string{good("a", 1), good("d", 1)}, place(journal.PlaceRaw))
	quarantined := place(journal.PlaceQuarantine)
	require.Equal(t, unreadable("b"), quarantined[0])
	require.Equal(t, huge, strings.Join(quarantined[1:len(quarantined)-1], ""))
	require.Equal(t, unreadable("e"), quarantined[len(quarantined)-1])
}
