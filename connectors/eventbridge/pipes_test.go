package eventbridge_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"carillon/connectors/receive/receivetest"
	"carillon/pipeline"
	"carillon/pipeline/ingest"
	"carillon/pipeline/journal"
)

// partial is a journal that refuses what contains one of some words.
type partial struct {
	receivetest.Journal
	mu      sync.Mutex
	refused []string
	raw     []string
	odd     []string
}

func (p *partial) refuse(words ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = words
}

func (p *partial) take(body string) error {
	for _, word := range p.refused {
		if strings.Contains(body, word) {
			return errors.New("journal is away")
		}
	}
	return nil
}

func (p *partial) AppendRaw(_ context.Context, msgs []*nats.Msg) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	failed := &pipeline.BatchError{}
	for i, m := range msgs {
		if err := p.take(string(m.Data)); err != nil {
			failed.Failed = append(failed.Failed, pipeline.IndexError{Index: i, Err: err})
			continue
		}
		p.raw = append(p.raw, string(m.Data))
	}
	if len(failed.Failed) > 0 {
		return failed
	}
	return nil
}

func (p *partial) Quarantine(_ context.Context, q journal.Quarantined) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.take(string(q.Body)); err != nil {
		return err
	}
	p.odd = append(p.odd, string(q.Body)+" "+q.Reason)
	return nil
}

// stored returns how often each element is in RAW, by teacher.
func (p *partial) stored() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	times := map[string]int{}
	for _, body := range p.raw {
		_, rest, _ := strings.Cut(body, `"externalUserId":"`)
		name, _, _ := strings.Cut(rest, `"`)
		times[name]++
	}
	return times
}

// TestPipeBatchIsAllOrNothing sends arrays, as EventBridge Pipes does: any element that is not stored brings the whole array
// again, and what was stored already is stored once more, as a copy.
func TestPipeBatchIsAllOrNothing(t *testing.T) {
	h, j := build(t, nil), &partial{}
	h.run(t, ingest.New(j).Emitter(pipeline.Settings{
		ID: "bus", Logger: slog.New(slog.DiscardHandler), Registerer: h.registry, Clock: h.clock.Now,
	}))
	elements := make([]string, 5)
	for i := range elements {
		elements[i] = strings.Replace(strings.TrimSpace(event(t)), "teacher-7", fmt.Sprintf("teacher-%d", i), 1)
	}
	elements = append(elements, `{"odd":true}`)
	batch := "[" + strings.Join(elements, ",") + "]"

	for _, word := range []string{"teacher-0", "teacher-4", "odd"} {
		j.refuse(word)
		w := h.post(batch, nil)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, word)
		require.Equal(t, "5", w.Header().Get("Retry-After"))
	}
	require.Equal(t, map[string]int{"teacher-0": 2, "teacher-1": 3, "teacher-2": 3, "teacher-3": 3, "teacher-4": 2}, j.stored())

	j.refuse()
	require.Equal(t, http.StatusOK, h.post(batch, nil).Code)
	require.Equal(t, map[string]int{"teacher-0": 3, "teacher-1": 4, "teacher-2": 4, "teacher-3": 4, "teacher-4": 3}, j.stored())
	require.Equal(t, 3, h.count(t, "not_stored"))
	require.Equal(t, 1, h.count(t, "stored"))
}

// TestTransformedEventIsQuarantined sends what a rule with an input transformer or an input path makes of an event. It is
// taken, because it would be the same the next time, and kept with the reason.
func TestTransformedEventIsQuarantined(t *testing.T) {
	h, j := build(t, nil), &partial{}
	h.run(t, ingest.New(j).Emitter(pipeline.Settings{
		ID: "bus", Logger: slog.New(slog.DiscardHandler), Registerer: h.registry, Clock: h.clock.Now,
	}))
	for _, body := range []string{`{"odd":true}`, `"chime:AttendeeJoined"`, `{"detail-type":"Chime Meeting State Change"}`, "<meetingId> joined"} {
		before := len(j.odd)
		require.Equal(t, http.StatusOK, h.post(body, nil).Code, body)
		require.Len(t, j.odd, before+1)
		require.True(t, strings.HasPrefix(j.odd[before], body+" unreadable notification ("), j.odd[before])
		require.Contains(t, j.odd[before], "send the matched event unchanged, without an input transformer", "what to change in the rule")
	}
	require.Empty(t, j.stored())
}
