package ingest_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/pipeline"
	"carillon/pipeline/ingest"
	"carillon/pipeline/journal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is what the emitters of tests take for now.
var clock = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// rig is an emitter with its metrics.
type rig struct {
	pipeline.Emitter
	reg *prometheus.Registry
}

func newRig(j ingest.Journal) rig {
	reg := prometheus.NewRegistry()
	return rig{reg: reg, Emitter: ingest.New(j).Emitter(pipeline.Settings{
		ID: "queue", Logger: slog.New(slog.DiscardHandler), Registerer: reg, Clock: func() time.Time { return clock },
	})}
}

// counted returns the sum of a counter over all its labels.
func (r rig) counted(t require.TestingT, name string) int {
	families, err := r.reg.Gather()
	require.NoError(t, err)
	sum := 0.0
	for _, f := range families {
		if f.GetName() != "carillon_ingest_"+name+"_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			sum += m.GetCounter().GetValue()
		}
	}
	return int(sum)
}

// fake is a journal that answers what a test decides.
type fake struct {
	maxBody int
	// raw answers for a message, quarantine for a record; nil stores it. whole, when it is not nil, answers for a whole append.
	raw        func(*nats.Msg) error
	quarantine func(journal.Quarantined) error
	whole      func() error

	mu      sync.Mutex
	stored  []journal.Notification
	quaran  []journal.Quarantined
	appends int
	notes   map[*nats.Msg]journal.Notification
}

func newFake() *fake {
	return &fake{maxBody: 1 << 20, notes: map[*nats.Msg]journal.Notification{}}
}

func (f *fake) MaxBody() int { return f.maxBody }

func (f *fake) RawMessage(n journal.Notification) *nats.Msg {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := &nats.Msg{Data: n.Body}
	f.notes[m] = n
	return m
}

func (f *fake) AppendRaw(_ context.Context, msgs []*nats.Msg) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.appends++
	if f.whole != nil {
		if err := f.whole(); err != nil {
			return err
		}
	}
	be := &pipeline.BatchError{}
	for i, m := range msgs {
		if f.raw != nil {
			if err := f.raw(m); err != nil {
				be.Failed = append(be.Failed, pipeline.IndexError{Index: i, Err: err})
				continue
			}
		}
		f.stored = append(f.stored, f.notes[m])
	}
	if len(be.Failed) > 0 {
		return be
	}
	return nil
}

func (f *fake) Quarantine(_ context.Context, q journal.Quarantined) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.quarantine != nil {
		if err := f.quarantine(q); err != nil {
			return err
		}
	}
	f.quaran = append(f.quaran, q)
	return nil
}

// good is a notification of an attendee with bytes of padding.
func good(attendee string, padding int) string {
	return fmt.Sprintf(`{"version":"0","source":"aws.chime","detail-type":"Chime Meeting State Change","time":"2026-01-01T00:00:00Z",`+
		`"detail":{"eventType":"chime:AttendeeJoined","timestamp":1767225600000,"meetingId":"m","attendeeId":%q,"pad":%q}}`, attendee, strings.Repeat("x", padding))
}

// unreadable is an object that is no notification.
func unreadable(mark string) string { return fmt.Sprintf(`{"mark":%q}`, mark) }

// filtered is a notification of another service.
func filtered(mark string) string {
	return fmt.Sprintf(`{"version":"0","source":"aws.ec2","detail-type":"EC2 Instance State-change Notification","time":"2026-01-01T00:00:00Z","detail":{"mark":%q}}`, mark)
}

func notes(bodies ...string) []pipeline.Notification {
	ns := make([]pipeline.Notification, len(bodies))
	for i, b := range bodies {
		ns[i].Body = []byte(b)
	}
	return ns
}
