package ingest_test

import (
	"context"
	"errors"
	"strconv"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/pipeline/ingest"
	"carillon/pipeline/journal"
)

// shelf is a fake with a quarantine that records leave.
type shelf struct {
	*fake
	dropped []journal.QuarantineRecord
	refuse  error
}

func (s *shelf) DropQuarantined(_ context.Context, r journal.QuarantineRecord) error {
	if s.refuse == nil {
		s.dropped = append(s.dropped, r)
	}
	return s.refuse
}

// TestRetry expects a record to leave quarantine when all of it has a place, and to stay, untouched, in any other case.
func TestRetry(t *testing.T) {
	errFull := errors.New("no room")
	for name, c := range map[string]struct {
		body   string
		part   int
		change func(*shelf)
		want   ingest.Retried
		err    string
		stored int
	}{
		"readable now":      {body: good("a", 0), want: ingest.RetriedStored, stored: 1},
		"a batch":           {body: `{"Records":[` + record(good("a", 0)) + `,` + record(good("b", 0)) + `]}`, want: ingest.RetriedStored, stored: 2},
		"not wanted now":    {body: filtered("x"), want: ingest.RetriedFiltered},
		"still unreadable":  {body: unreadable("x"), want: ingest.RetriedUnreadable, err: "no_detail_type"},
		"half of it":        {body: `{"Records":[` + record(good("a", 0)) + `,` + record("{") + `]}`, want: ingest.RetriedUnreadable, err: "unreadable"},
		"a part is missing": {body: good("a", 0), part: 1, want: ingest.RetriedUnreadable, err: "1 of its parts"},
		"too large":         {body: good("a", 2<<20), want: ingest.RetriedUnreadable, err: "more than the"},
		"no room": {body: good("a", 0), err: "no room", change: func(s *shelf) {
			s.raw = func(*nats.Msg) error { return errFull }
		}},
		"refused": {body: good("a", 0), want: ingest.RetriedUnreadable, err: "refuses", change: func(s *shelf) {
			s.raw = func(*nats.Msg) error { return journal.ErrRefused }
		}},
		"stored and not dropped": {body: good("a", 0), err: "no room", stored: 1, change: func(s *shelf) { s.refuse = errFull }},
	} {
		t.Run(name, func(t *testing.T) {
			s := &shelf{fake: newFake()}
			if c.change != nil {
				c.change(s)
			}
			r := ingest.NewRetrier(s, prometheus.NewRegistry())
			q := journal.QuarantineRecord{Place: 7, Missing: c.part, Quarantined: journal.Quarantined{Source: "topic", Received: clock, Trace: "m", Body: []byte(c.body)}}
			got, err := r.Retry(t.Context(), q)
			require.Equal(t, c.want, got)
			if c.err == "" {
				require.NoError(t, err)
				require.Equal(t, []journal.QuarantineRecord{q}, s.dropped)
			} else {
				require.ErrorContains(t, err, c.err)
				require.Empty(t, s.dropped)
			}
			require.Len(t, s.stored, c.stored)
			for _, n := range s.stored {
				require.Equal(t, "topic", n.Source)
				require.Equal(t, clock, n.Received)
				require.Equal(t, "m", n.Trace)
			}
		})
	}
}

// record wraps a body as an SQS record of a Lambda batch.
func record(body string) string {
	return `{"messageId":"m","eventSource":"aws:sqs","body":` + strconv.Quote(body) + `}`
}
