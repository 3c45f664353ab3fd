package main_test

import (
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/simulate"
)

// counts are the counters and gauges of a process, summed over labels.
type counts map[string]float64

func scrape(t *testing.T, p *process) counts {
	t.Helper()
	resp, err := http.Get("http://" + p.admin + "/metrics")
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	require.NoError(t, err)
	out := counts{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			out[name] += valueOf(m)
		}
	}
	return out
}

func valueOf(m *dto.Metric) float64 { return m.GetCounter().GetValue() + m.GetGauge().GetValue() }

// open opens the journal of a router that is not running, or the one that all routers share.
func (r *rig) open(t *testing.T) *journal.Journal {
	t.Helper()
	connect := journal.DefaultConnect()
	connect.Embedded.Dir = r.dir
	if r.shared {
		connect.URL = "nats://" + r.nats
	}
	return openJournal(t, connect, "audit")
}

func openJournal(t *testing.T, connect journal.ConnectConfig, owner string) *journal.Journal {
	t.Helper()
	stream := journal.DefaultStream()
	stream.MaxBytes = 512 * pipeline.MiB
	j, err := journal.Open(t.Context(), connect, stream, journal.Settings{
		Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Owner: owner, Clock: time.Now,
	})
	require.NoError(t, err)
	return j
}

// floors returns up to where each partition was acknowledged when nothing runs.
func (r *rig) floors(t *testing.T) []uint64 {
	t.Helper()
	j := r.open(t)
	defer func() { require.NoError(t, j.Close()) }()
	floors, err := j.RawFloors(t.Context())
	require.NoError(t, err)
	return floors
}

// record is a message of RAW or EVENTS.
type record struct {
	pipeline.Event
	partition int
	stored    time.Time
}

func scan(t *testing.T, j *journal.Journal, p journal.Place) []record {
	t.Helper()
	var out []record
	require.NoError(t, j.Scan(t.Context(), p, func(m journal.Message) error {
		e, err := m.Event()
		if err != nil {
			return err
		}
		partition, err := strconv.Atoi(strings.Split(m.Subject, ".")[2])
		out = append(out, record{Event: e, partition: partition, stored: m.Stored})
		return err
	}))
	return out
}

// audit compares journal, sink and counters with each other, with the truth, and with a run that nothing disturbed.
func (r *rig) audit(t *testing.T, rounds []round, floors []uint64, c counts) {
	t.Helper()
	raw := r.auditJournal(t, rounds)
	auditCounters(t, raw, floors, c)
}

// auditJournal is audit without the counters; it returns what RAW holds.
func (r *rig) auditJournal(t *testing.T, rounds []round) []record {
	t.Helper()
	j := r.open(t)
	defer func() { require.NoError(t, j.Close()) }()
	raw, events := scan(t, j, journal.PlaceRaw), scan(t, j, journal.PlaceEvents)
	t.Logf("%d records of RAW, %d events, %d deliveries", len(raw), len(events), r.receiver.count())
	auditOnce(t, raw, events)
	auditUndisturbed(t, raw, events)
	auditSink(t, events, r.receiver.all())
	auditTruth(t, rounds, raw, events)
	return raw
}

// auditTruth scores EVENTS against what happened. The hold of an event runs from when its first copy was stored, so that is what
// counts as its arrival.
func auditTruth(t *testing.T, rounds []round, raw, events []record) {
	t.Helper()
	stored := make(map[uint64]time.Time, len(raw))
	for _, r := range raw {
		stored[r.Raw] = r.stored
	}
	scores := make([]*simulate.Score, len(rounds))
	roundOf := map[string]int{}
	for i, r := range rounds {
		scores[i] = simulate.NewScore(r.truth, r.plan, holdWindow, 0)
		for _, m := range r.truth.Meetings {
			roundOf[m.ID] = i
		}
	}
	for _, e := range events {
		round, ok := roundOf[e.Key]
		require.True(t, ok, "key %q is no meeting", e.Key)
		scores[round].Add(simulate.Output{
			ID: e.ID.String(), Key: e.Key, Kind: e.Kind, Attendee: e.Attendee, TimeMS: e.Time.UnixMilli(), Sequence: e.Sequence,
			Late: e.IsLate, LateMS: e.Late.Milliseconds(), Received: stored[e.Raw], Accepted: e.stored, Body: e.Body,
		})
	}
	late := 0
	for i, s := range scores {
		report := s.Report(simulate.Observed{})
		require.Equal(t, [5]int{}, [5]int{report.Lost, report.Duplicated, report.Misordered, report.LateUnjustified, report.Unknown},
			"lost, duplicated, misordered, late without cause, unknown of round %d", i)
		late += report.Late
	}
	t.Logf("%d events late with cause", late)
}

// auditOnce: what RAW holds is in EVENTS exactly once, and nothing else is (I2, I3).
func auditOnce(t *testing.T, raw, events []record) {
	t.Helper()
	want := map[chime.Identity]bool{}
	for _, r := range raw {
		want[r.ID] = true
	}
	have := map[chime.Identity]bool{}
	for _, e := range events {
		require.False(t, have[e.ID], "event %s is in EVENTS twice", e.ID)
		have[e.ID] = true
	}
	require.Equal(t, want, have)
}

// auditUndisturbed runs the same RAW through dedupe and order without any interruption: each meeting must have come out the same,
// in the same order and with the same events marked late (I4, I8).
func auditUndisturbed(t *testing.T, raw, events []record) {
	t.Helper()
	config := order.Config{Mode: order.ModeTime, Window: holdWindow, Late: order.LateForward}
	buffers := map[int]*order.Buffer[struct{}]{}
	known := map[chime.Identity]bool{}
	want := map[string][]string{}
	take := func(b *order.Buffer[struct{}], now time.Time) {
		for _, e := range b.Due(nil, now) {
			want[e.Key] = append(want[e.Key], label(e.ID, e.IsLate))
		}
	}
	for _, r := range raw {
		b := buffers[r.partition]
		if b == nil {
			b = order.New[struct{}](config, order.Limits{Events: 1 << 30, Bytes: 1 << 40})
			buffers[r.partition] = b
		}
		take(b, r.stored)
		if !known[r.ID] {
			known[r.ID] = true
			b.Push(r.stored, order.Entry[struct{}]{Key: r.Key, ID: r.ID, Kind: r.Kind, Attendee: r.Attendee, Time: r.Time.UnixMilli()})
		}
	}
	for _, b := range buffers {
		take(b, time.Now().Add(time.Hour))
	}
	have := map[string][]string{}
	for _, e := range events {
		have[e.Key] = append(have[e.Key], label(e.ID, e.IsLate))
	}
	require.Equal(t, want, have)
}

func label(id chime.Identity, late bool) string {
	if late {
		return id.String() + " late"
	}
	return id.String()
}

// auditSink: every event was answered at least once, and none came before its predecessor in the meeting was answered (I5).
func auditSink(t *testing.T, events []record, deliveries []*delivery) {
	t.Helper()
	answered := map[uint64]int{} // sequence -> first answer
	for _, d := range deliveries {
		if first, ok := answered[d.sequence]; d.answered > 0 && (!ok || d.answered < first) {
			answered[d.sequence] = d.answered
		}
	}
	before := map[uint64]uint64{} // sequence -> the one before it in its meeting
	ids := map[uint64]string{}
	last := map[string]uint64{}
	for _, e := range events {
		if _, ok := answered[e.Sequence]; !ok { // require.Contains would copy the map.
			require.Fail(t, "never reached the sink", "event %s", e.ID)
		}
		before[e.Sequence], ids[e.Sequence] = last[e.Key], e.ID.String()
		last[e.Key] = e.Sequence
	}
	var epoch uint64
	for _, d := range deliveries {
		require.Equal(t, ids[d.sequence], d.id, "sequence %d was delivered as %s", d.sequence, d.id)
		if p := before[d.sequence]; p > 0 {
			require.Less(t, answered[p], d.arrived, "sequence %d of %s overtook %d", d.sequence, d.key, p)
		}
		epoch = max(epoch, d.epoch)
	}
	require.NotZero(t, epoch)
}

// auditCounters: the last process counted every record of RAW that it read exactly once (I2).
func auditCounters(t *testing.T, raw []record, floors []uint64, c counts) {
	t.Helper()
	read := 0
	for _, r := range raw {
		if r.Raw > floors[r.partition] {
			read++
		}
	}
	judged := c["carillon_dedupe_events_total"] + c["carillon_dedupe_witnesses_total"] + c["carillon_dedupe_rereads_total"] + c["carillon_sequence_set_aside_total"]
	require.InDelta(t, read, judged, 0, "records judged")
	ingested := c["carillon_ingest_stored_total"] + c["carillon_ingest_filtered_total"] + c["carillon_ingest_quarantined_total"]
	require.InDelta(t, c["carillon_ingest_received_total"], ingested, 0, "notifications accounted for")
	require.Zero(t, c["carillon_order_held_events"])
}
