//go:build integration

package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// attendance returns the rows, one line each.
func (s *server) attendance(t *testing.T) []string {
	t.Helper()
	found, err := s.pool.Query(t.Context(), `SELECT concat_ws(' ', key, attendee, session, coalesce(extract(epoch FROM joined_at)::int::text, '?'),
		coalesce(extract(epoch FROM left_at)::int::text, '...'), dropped, duration) FROM attendance ORDER BY key, attendee, session`)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(found, pgx.RowTo[string])
	require.NoError(t, err)
	return lines
}

// checkAttendance compares the table with what the events in the other table say, by SQL alone: the events of the suite are
// one Joined of each attendee.
func (s *server) checkAttendance(t *testing.T) {
	t.Helper()
	var wrong, rows int
	require.NoError(t, s.pool.QueryRow(t.Context(), `SELECT count(*) FILTER (WHERE e.time IS DISTINCT FROM a.joined_at OR a.session <> 1 OR a.left_at IS NOT NULL), count(*)
		FROM (SELECT * FROM carillon_events WHERE attendee IS NOT NULL) e FULL JOIN attendance a USING (key, attendee)`).Scan(&wrong, &rows))
	require.Zero(t, wrong)
	require.NotZero(t, rows)
}

func came(n byte, who, kind string, second int64) pipeline.Event {
	e := event(n, "m")
	e.Attendee, e.Kind, e.Time = who, "chime:Attendee"+kind, time.Unix(second, 0)
	return e
}

func TestAttendance_IsCorrectedByWhatComesLate(t *testing.T) {
	s := newServer(t)
	sink := s.open(withAttendance)
	start(t, sink)
	defer closeSink(t, sink)
	write := func(es ...pipeline.Event) { require.NoError(t, sink.Write(t.Context(), es)) }
	write(came(1, "a", "Joined", 100), came(2, "b", "Joined", 110))
	require.Equal(t, []string{"m a 1 100 ... f", "m b 1 110 ... f"}, s.attendance(t))
	write(came(3, "a", "Joined", 200), came(4, "a", "Left", 260))
	require.Equal(t, []string{"m a 1 100 260 f 00:02:40", "m b 1 110 ... f"}, s.attendance(t))
	write(came(5, "a", "Dropped", 150)) // late: what looked like a hand-off was a second session
	require.Equal(t, []string{"m a 1 100 150 t 00:00:50", "m a 2 200 260 f 00:01:00", "m b 1 110 ... f"}, s.attendance(t))
	content := came(6, "b", "Left", 120)
	content.Role = pipeline.RoleContent
	write(content, came(7, "b", "Added", 90))
	require.Equal(t, "m b 1 110 ... f", s.attendance(t)[2])
}

// TestAttendance_DoesNotDependOnOrderBatchesOrRepeats writes the same events in many ways.
func TestAttendance_DoesNotDependOnOrderBatchesOrRepeats(t *testing.T) {
	var es []pipeline.Event
	for n := range byte(60) {
		kind := []string{"Joined", "Left", "Dropped", "Joined"}[rand.IntN(4)]
		es = append(es, came(n, fmt.Sprint("a", n%4), kind, 100+int64(rand.IntN(1000))))
		es[n].ID[0], es[n].Key = 1, fmt.Sprint("m", n%2)
	}
	var want []string
	for range 4 {
		s := newServer(t)
		sink := s.open(withAttendance)
		start(t, sink)
		again := append(slices.Clone(es), es[:20]...)
		rand.Shuffle(len(again), func(i, k int) { again[i], again[k] = again[k], again[i] })
		for part := range slices.Chunk(again, 1+rand.IntN(20)) {
			require.NoError(t, sink.Write(t.Context(), part))
		}
		closeSink(t, sink)
		got := s.attendance(t)
		if want == nil {
			want = got
		}
		require.Equal(t, want, got)
		require.NotEmpty(t, got)
	}
}

// TestAttendance_SeesWhatAnotherTransactionCommits: two at once for one attendee, as when a connection broke, wait for each
// other.
func TestAttendance_SeesWhatAnotherTransactionCommits(t *testing.T) {
	s := newServer(t)
	sink := s.open(withAttendance)
	start(t, sink)
	defer closeSink(t, sink)
	done := make(chan error)
	const writers = 8
	for w := range byte(writers) {
		go func() {
			var err error
			for n := range byte(10) {
				e := came(n, "a", "Joined", 100+int64(n)*100+int64(w)*10)
				if w%2 == 1 {
					e.Kind = "chime:AttendeeLeft"
				}
				e.ID = chime.Identity{1: w, 15: n}
				err = errFirst(err, sink.Write(t.Context(), []pipeline.Event{e}))
			}
			done <- err
		}()
	}
	for range writers {
		require.NoError(t, <-done)
	}
	require.Len(t, s.attendance(t), writers*10/2)
}

func errFirst(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
