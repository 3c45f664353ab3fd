package sqs_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/connectors/receive/receivetest"
	"carillon/connectors/sqs"
	"carillon/pipeline"
	"carillon/pipeline/ingest"
)

var hostile = flag.Int("hostile", 100_000, "how many hostile messages the soak sends")

const (
	// backlog is how many messages are under way between sending and storing.
	backlog = 1000
	// heapGrowth is what may be in use in the middle of the soak beyond what was before: the backlog at the emulator, what is
	// in hand, connections, and the ids of all messages.
	heapGrowth = 96 << 20
	// heapLeft is what may be in use when it is over.
	heapLeft = 16 << 20

	goodBody = `{"version":"0","detail-type":"Chime Meeting State Change","source":"aws.chime","account":"111122223333",` +
		`"time":"2025-10-09T08:53:20Z","region":"us-east-1","detail":{"version":"0","eventType":"chime:AttendeeJoined",` +
		`"timestamp":1760000000000,"meetingId":"meeting","attendeeId":"attendee"}}`
)

// gauge is an emitter in front of another one that refuses a few calls and knows which messages were confirmed.
type gauge struct {
	next  pipeline.Emitter
	calls atomic.Int64
	room  chan struct{} // holds what was sent and not confirmed

	mu        sync.Mutex
	seen      map[string]bool
	offered   int
	confirmed int
}

func (g *gauge) Emit(ctx context.Context, ns ...pipeline.Notification) error {
	err := errors.New("the journal is away")
	if g.calls.Add(1)%2000 != 0 {
		err = g.next.Emit(ctx, ns...)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.offered += len(ns)
	for i, err := range pipeline.FailedAt(err, len(ns)) {
		if err != nil {
			continue
		}
		g.confirmed++
		if !g.seen[ns[i].Trace] {
			g.seen[ns[i].Trace] = true
			<-g.room
		}
	}
	return err
}

func (g *gauge) counts() (distinct, offered, confirmed int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.seen), g.offered, g.confirmed
}

// spoiled is a body that SQS takes and nobody wants.
func spoiled(r *rand.Rand) string {
	switch r.IntN(1000) {
	case 0:
		return strings.Repeat("x", 1<<20-r.IntN(1<<19)) // up to 1 MiB
	case 1:
		return `{"Records":[` + strings.Repeat(goodBody+",", 300+r.IntN(400)) + goodBody + `]}`
	case 2, 3, 4:
		return goodBody // a copy of a good one
	}
	body := strings.Map(func(c rune) rune {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xfffe || c == 0xffff {
			return '🔔'
		}
		return c
	}, strings.ToValidUTF8(string(receivetest.Spoil(r, []byte(goodBody))), "\ufffd"))
	if body == "" {
		return "\u0085"
	}
	return body
}

// hostileFaults breaks a few calls, a few deletes and a few checksums. What was left in the queue over it comes again.
func hostileFaults() awslocal.Faults {
	var calls, entries, sums atomic.Int64
	return awslocal.Faults{
		Call: func(_ context.Context, op string) error {
			if calls.Add(1)%1000 == 0 && op != "sqs:GetQueueAttributes" {
				return &awslocal.APIError{Status: 503, Code: "ServiceUnavailable", Message: "not now"}
			}
			return nil
		},
		Entry: func(op, _ string) *awslocal.APIError {
			if op == "sqs:DeleteMessageBatch" && entries.Add(1)%500 == 0 {
				return &awslocal.APIError{Status: 500, Code: "InternalError", Message: "not now"}
			}
			return nil
		},
		BodyMD5: func(string) string {
			if sums.Add(1)%500 == 0 {
				return strings.Repeat("0", 32)
			}
			return ""
		},
	}
}

// TestSoak sends hostile messages through a queue that has its own troubles: nothing falls over, memory is bounded, every
// message is stored, the counters add up (I2), and a good message still passes.
func TestSoak(t *testing.T) {
	srv := startAWS(t)
	url, err := srv.CreateQueue("soak")
	require.NoError(t, err)
	srv.SetFaults(hostileFaults())
	p, journal := newPlace(t, srv.Endpoint()), &receivetest.Journal{}
	out := &gauge{room: make(chan struct{}, backlog), seen: make(map[string]bool)}
	src, registry := p.build(t, url, func(c *sqs.Config) { c.Sample = time.Second })
	out.next = ingest.New(journal).Emitter(pipeline.Settings{
		ID: "queue", Logger: slog.New(slog.DiscardHandler), Registerer: registry, Clock: time.Now,
	})
	before := receivetest.Heap()
	b := p.start(t, src, registry, out)
	peak := feed(t, srv, out, *hostile)
	p.untilStored(t, srv, out, *hostile)

	distinct, _, _ := out.counts()
	require.Equal(t, *hostile, distinct, "every message is stored")
	stored := journal.Raw()
	srv.SetFaults(awslocal.Faults{})
	require.NoError(t, srv.Send("soak", goodBody))
	out.room <- struct{}{}
	p.untilStored(t, srv, out, *hostile+1)
	// On a slow machine time moves on while it is in hand, and it may come once more.
	require.Greater(t, journal.Raw(), stored, "a good message still passes")
	b.stop(t)
	distinct, offered, confirmed := out.counts()
	require.Equal(t, *hostile+1, distinct)

	sum := func(name string) int { return receivetest.Sum(t, registry, "carillon_"+name) }
	require.Equal(t, sum("sqs_messages_received_total"),
		confirmed+sum("sqs_messages_in_hand_total")+sum("sqs_checksum_mismatches_total")+sum("sqs_messages_left_total"))
	require.Equal(t, offered-confirmed, sum("sqs_emit_failures_total"))
	ended := b.metric(t, "deletes_total", "deleted") + b.metric(t, "deletes_total", "gone") + b.metric(t, "deletes_total", "abandoned")
	require.InDelta(t, confirmed, ended, 0)
	require.Equal(t, sum("ingest_received_total"),
		sum("ingest_stored_total")+sum("ingest_quarantined_total")+sum("ingest_filtered_total")+sum("ingest_failed_total"))
	require.Equal(t, journal.Raw(), sum("ingest_stored_total"))
	require.Equal(t, journal.Quarantined(), sum("ingest_quarantined_total"))
	require.Zero(t, sum("sqs_held_messages"))

	out.seen = nil
	after := receivetest.Heap()
	t.Logf("%d messages, %d offered, %d stored in RAW, %d quarantined; heap %d KiB before, at most %d KiB, %d KiB after",
		distinct, offered, journal.Raw(), journal.Quarantined(), before>>10, peak>>10, after>>10)
	require.Less(t, peak, before+heapGrowth)
	require.Less(t, after, before+heapLeft)
}

// feed sends n messages, with a bounded number of them under way, and returns the most memory that was in use meanwhile. Time
// moves on, so that what was left in the queue comes again.
func feed(t *testing.T, srv *awslocal.Server, out *gauge, n int) (peak uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(4, 1)) // repeatable on purpose
	late := time.NewTicker(200 * time.Millisecond)
	defer late.Stop()
	stuck := time.After(10 * time.Minute)
	for i := range n {
		if i%max(1, n/20) == 0 {
			peak = max(peak, receivetest.Heap())
		}
		for sent := false; !sent; {
			select {
			case out.room <- struct{}{}:
				sent = true
			case <-late.C:
				srv.Advance(31 * time.Second)
			case <-stuck:
				require.FailNow(t, fmt.Sprintf("stuck after %d messages", i))
			}
		}
		require.NoError(t, srv.Send("soak", spoiled(r)))
	}
	return peak
}

// untilStored waits until n messages are stored and the queue is empty.
func (p *place) untilStored(t *testing.T, srv *awslocal.Server, out *gauge, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		bodies, err := srv.Bodies("soak")
		require.NoError(t, err)
		distinct, _, _ := out.counts()
		if distinct == n && len(bodies) == 0 {
			return true
		}
		srv.Advance(31 * time.Second)
		return false
	}, 3*patience, 200*time.Millisecond, "the queue is not emptied")
}
