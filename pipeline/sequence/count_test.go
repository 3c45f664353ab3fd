package sequence

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
)

// counted are the records of RAW by what they counted as.
type counted struct{ events, witnesses, rereads int }

func (s *Sequencer) countedAs() counted {
	m := s.set.Metrics
	value := func(c prometheus.Collector) int { return int(testutil.ToFloat64(c)) }
	return counted{value(m.events["queue"]), value(m.witnesses["queue"]), value(m.rereads)}
}

// TestCountsEachRecordOnce reads a log of records again and again from the floor, as tenures do, whose appends succeed, fail,
// or succeed without anybody knowing: each record counts once, an event that EVENTS has as an event (I2).
func TestCountsEachRecordOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := rapid.SliceOfN(rapid.ByteRange(0, 5), 1, 20).Draw(t, "log")
		s := New(0, Settings{Metrics: NewMetrics(prometheus.NewRegistry(), []string{"queue"})})
		stored := map[byte]uint64{} // what EVENTS has
		lives := rapid.IntRange(0, 3).Draw(t, "lives")
		for life := range lives + 1 {
			tn := &tenure{Sequencer: s, order: order.New[released](order.Config{Mode: order.ModeNone}, order.Limits{})}
			m := &meeting{}
			for id, raw := range stored {
				m.memory.Restore(chime.Identity{id}, raw)
			}
			last := life == lives
			read := rapid.IntRange(0, len(log)).Draw(t, "read")
			if last {
				read = len(log)
			}
			for i, id := range log[:read] {
				e := &pipeline.Event{ID: chime.Identity{id}, Raw: uint64(i + 1), Source: "queue"}
				s.see(e.Raw)
				tn.judge(m, record{msg: journal.Message{Sequence: e.Raw}, event: e, position: tn.floor.Add("")})
			}
			due := tn.order.Due(nil, time.Time{})
			appended := rapid.IntRange(0, len(due)).Draw(t, "appended")
			unknown := rapid.IntRange(appended, len(due)).Draw(t, "appended, and nobody knows")
			if last {
				appended, unknown = len(due), len(due)
			}
			for i, d := range due[:unknown] {
				stored[d.Payload.event.ID[0]] = d.Payload.event.Raw
				if i < appended {
					tn.settle(outgoing{released: d.Payload}, time.Time{})
				}
			}
		}
		require.Equal(t, counted{events: len(stored), witnesses: len(log) - len(stored)}, s.countedAs())
		require.Empty(t, s.owed)
	})
}
