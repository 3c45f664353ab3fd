package postgres

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
)

var (
	errRefused = pipeline.Reject(errors.New("refused"))
	errGone    = errors.New("gone")
)

// TestApply_StoresWhatIsNotRefused: for any batch of which some events are refused, and a far side that may go away, what
// is stored of a meeting is its beginning, in order, up to the first event that was refused; nothing is stored twice; every
// error is true; and nothing is refused for the sake of another.
func TestApply_StoresWhatIsNotRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "events")
		events := make([]pipeline.Event, n)
		refused := make([]bool, n)
		all := make([]int, n)
		for i := range events {
			events[i].Key = strconv.Itoa(rapid.IntRange(0, 3).Draw(t, "key"))
			refused[i] = rapid.IntRange(0, 3).Draw(t, "refused") == 0
			all[i] = i
		}
		calls := rapid.IntRange(1, 60).Draw(t, "calls")
		var stored []int
		w := &writing{events: events, errs: make([]error, n), stuck: map[string]bool{}}
		w.store = func(_ context.Context, part []int) error {
			if calls--; calls < 0 {
				return errGone
			}
			if slices.ContainsFunc(part, func(i int) bool { return refused[i] }) {
				return errRefused
			}
			stored = append(stored, part...)
			return nil
		}
		w.apply(t.Context(), all)

		answers := pipeline.FailedAt(w.result(), n)
		require.True(t, slices.IsSorted(stored))
		failed := map[string]bool{}
		for i, err := range answers {
			require.Equal(t, err == nil, slices.Contains(stored, i))
			if err == nil {
				require.False(t, failed[events[i].Key])
				continue
			}
			class, _ := pipeline.Classify(err)
			require.Equal(t, errors.Is(err, errRefused), class == pipeline.ClassReject)
			if class == pipeline.ClassReject {
				require.True(t, refused[i])
				require.False(t, failed[events[i].Key])
			}
			if w.down == nil && !failed[events[i].Key] {
				require.True(t, refused[i], "the first that fails of a meeting is one that is refused")
			}
			failed[events[i].Key] = true
		}
	})
}

func TestApply_FindsOneOfManyInFewSteps(t *testing.T) {
	events := make([]pipeline.Event, 256)
	all := make([]int, len(events))
	for i := range events {
		events[i].Key, all[i] = strconv.Itoa(i), i
	}
	steps := 0
	w := &writing{events: events, errs: make([]error, len(events)), stuck: map[string]bool{}}
	w.store = func(_ context.Context, part []int) error {
		steps++
		if slices.Contains(part, 77) {
			return errRefused
		}
		return nil
	}
	w.apply(t.Context(), all)
	require.LessOrEqual(t, steps, 17)
	batch, ok := errors.AsType[*pipeline.BatchError](w.result())
	require.True(t, ok)
	require.Equal(t, []pipeline.IndexError{{Index: 77, Err: errRefused}}, batch.Failed)
}
