package entries_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/entries"
	"carillon/pipeline"
)

func newSender(limit entries.Limit) *entries.Sender {
	return entries.NewSender(entries.Options{
		Component: "test", Doing: "telling the test", Limit: limit, Timeout: time.Hour, Refused: entries.Nobody,
	}, pipeline.Settings{Registerer: prometheus.NewRegistry(), Clock: time.Now})
}

func TestSender_LetsWritesInBetweenOpenAndClose(t *testing.T) {
	s := newSender(entries.Limit{Entries: 10, Bytes: 10})
	fatal := func(said string) {
		t.Helper()
		err := s.Enter()
		require.EqualError(t, err, said)
		class, _ := pipeline.Classify(err)
		require.Equal(t, pipeline.ClassFatal, class)
	}
	fatal("the sink was not started")
	s.Open()
	require.NoError(t, s.Enter())
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Close(ended), context.Canceled, "a Write is in flight")
	s.Leave()
	require.NoError(t, s.Close(t.Context()), "a second call does nothing")
	other := newSender(entries.Limit{Entries: 10, Bytes: 10})
	require.NoError(t, other.Close(t.Context()))
	s = other
	fatal("the sink is closed")
}

// TestWrite_GivesEachCallItsOwnEntries: a call that changes its entries changes no other, and what is too large is in none.
func TestWrite_GivesEachCallItsOwnEntries(t *testing.T) {
	s := newSender(entries.Limit{Entries: 2, Bytes: 4})
	events := []pipeline.Event{{Key: "a", Body: []byte("1")}, {Key: "b", Body: []byte("22222")}, {Key: "c", Body: []byte("333")}, {Key: "d", Body: []byte("4")}}
	var calls []string
	err := entries.Write(t.Context(), s, events,
		func(e *pipeline.Event) (string, int, error) { return string(e.Body), len(e.Body), nil },
		func(ctx context.Context, part []string) ([]error, error) {
			_, bounded := ctx.Deadline()
			require.True(t, bounded)
			for i := range part {
				calls = append(calls, part[i])
				part[i] = "sent"
			}
			if len(calls) > 2 {
				return nil, errors.New("nothing that the SDK says")
			}
			return make([]error, len(part)), nil
		})
	require.Equal(t, []string{"1", "333", "4"}, calls)
	answers := pipeline.FailedAt(err, len(events))
	require.NoError(t, answers[0])
	require.EqualError(t, answers[1], "the event is larger than a message may be")
	require.NoError(t, answers[2])
	require.EqualError(t, answers[3], "telling the test: gave no usable answer")
}

func TestAnswers_KnowWhatIsAnswered(t *testing.T) {
	a := entries.NewAnswers(3)
	for _, id := range []string{"1", "", "-1", "3", "x"} {
		a.Set(id, nil)
	}
	a.Set("2", errRefused)
	require.EqualError(t, a[0], "the answer does not tell about this entry")
	require.NoError(t, a[1])
	require.Equal(t, errRefused, a[2])
}
