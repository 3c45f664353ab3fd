package bench

import (
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
)

func testStock(t *testing.T, n int) *stock {
	t.Helper()
	s, err := newStock(newCalendar(10, 1, time.Now().Add(-past).UnixMilli()), n, 0.1)
	require.NoError(t, err)
	return s
}

// testCeiling starts a ceiling and the journal whose messages it uses.
func testCeiling(t *testing.T, partitions int) (*ceiling, *journal.Journal) {
	t.Helper()
	j, err := openJournal(t.Context(), t.TempDir(), partitions, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	c, err := startCeiling(t.Context(), t.TempDir(), partitions)
	require.NoError(t, err)
	t.Cleanup(func() {
		c.close()
		require.NoError(t, j.Close())
	})
	return c, j
}

// TestCeilingStoresAllAndCounts runs a slice through three partitions.
func TestCeilingStoresAllAndCounts(t *testing.T) {
	s := testStock(t, 500)
	c, j := testCeiling(t, 3)
	k, err := c.slice(t.Context(), s, c.load(s, j))
	require.NoError(t, err)
	require.Equal(t, 1500, k.notifications)
	require.Positive(t, k.commits)
	require.NoError(t, c.verify(t.Context(), s.len()))
	require.ErrorIs(t, c.verify(t.Context(), s.len()+1), errUnstored)
	require.NoError(t, c.purge(t.Context()))
	stream, err := c.js.Stream(t.Context(), ceilingRaw)
	require.NoError(t, err)
	require.Zero(t, stream.CachedInfo().State.Msgs)
	require.NoError(t, c.verify(t.Context(), s.len()), "what was purged was stored")
}

// TestCeilingStoresTheBytesOfTheRouter sends the same through both and compares the last event of every meeting.
func TestCeilingStoresTheBytesOfTheRouter(t *testing.T) {
	const partitions = 3
	s := testStock(t, 300)
	c, j := testCeiling(t, partitions)
	_, err := c.slice(t.Context(), s, c.load(s, j))
	require.NoError(t, err)
	r, err := startRig(t.Context(), t.TempDir(), partitions, orderOf(drainWindow), slog.New(slog.DiscardHandler), nil)
	require.NoError(t, err)
	_, err = r.slice(t.Context(), s)
	require.NoError(t, err)
	router := map[string]journal.Message{}
	require.NoError(t, r.router.Journal().Scan(t.Context(), journal.PlaceEvents, func(m journal.Message) error {
		router[m.Header.Get(journal.HeaderID)] = m
		return nil
	}))
	require.NoError(t, r.stop(t.Context()))
	require.Len(t, router, s.len())

	stream, err := c.js.Stream(t.Context(), ceilingEvents)
	require.NoError(t, err)
	for i := range s.records {
		key := s.records[i].Key
		m, err := stream.GetLastMsgForSubject(t.Context(), "chime.events."+strconv.Itoa(chime.Partition(key, partitions))+"."+key)
		require.NoError(t, err)
		same := router[m.Header.Get(journal.HeaderID)]
		require.Equal(t, same.Subject, m.Subject)
		require.Equal(t, own(same.Header), own(m.Header))
		require.InDelta(t, len(same.Body), len(m.Data), 80, "the copy of the bus has an id more")
	}
}

// own returns the names of the headers that every event has, whatever order found and however it was published.
func own(h nats.Header) []string {
	var names []string
	sometimes := []string{journal.HeaderFirst, journal.HeaderLate, journal.HeaderGap, "Carillon-Loose"}
	for name := range h {
		if !strings.HasPrefix(name, "Nats-") && !slices.Contains(sometimes, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestCeilingReportsARefusal takes a fence away under the ceiling's feet.
func TestCeilingReportsARefusal(t *testing.T) {
	s := testStock(t, 50)
	c, j := testCeiling(t, 1)
	own := c.fences[0]
	require.NoError(t, c.takeFences(t.Context(), 1))
	require.NotEqual(t, own, c.fences[1])
	c.fences = c.fences[:1]
	_, err := c.slice(t.Context(), s, c.load(s, j))
	var refused *jetstream.APIError
	require.ErrorAs(t, err, &refused)
	require.EqualValues(t, 10071, refused.ErrorCode)
}
