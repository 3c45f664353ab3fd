package lockstep_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/connectors/lockstep"
	"carillon/pipeline"
)

// TestWrite_KeepsI5 lets any events fail, and compares with what one request at a time would do.
func TestWrite_KeepsI5(t *testing.T) {
	errRefused := errors.New("refused")
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 20).Draw(t, "keys")
		refused := rapid.SliceOfN(rapid.Float64Range(0, 1), len(keys), len(keys)).Draw(t, "refused")
		events := make([]pipeline.Event, len(keys))
		depth := map[int]int{}
		most := 0
		stuck := map[int]bool{}
		want := make([]bool, len(keys)) // accepted
		for i, k := range keys {
			events[i].Key = fmt.Sprint("meeting-", k)
			depth[k]++
			most = max(most, depth[k])
			stuck[k] = stuck[k] || refused[i] > 0.8
			want[i] = !stuck[k]
		}

		rounds := 0
		sent := map[string][]int{}
		err := lockstep.Write(events, func(round []int) []error {
			rounds++
			require.True(t, slices.IsSorted(round))
			answers := make([]error, len(round))
			inRound := map[string]bool{}
			for n, i := range round {
				require.False(t, inRound[events[i].Key], "two events of a meeting in one round")
				inRound[events[i].Key] = true
				sent[events[i].Key] = append(sent[events[i].Key], i)
				if refused[i] > 0.8 {
					answers[n] = errRefused
				}
			}
			return answers
		})

		require.LessOrEqual(t, rounds, most)
		for _, indexes := range sent {
			require.True(t, slices.IsSorted(indexes))
		}
		for i, answer := range pipeline.FailedAt(err, len(events)) {
			require.Equal(t, want[i], answer == nil)
			class, _ := pipeline.Classify(answer)
			require.Equal(t, pipeline.ClassRetry, class)
			require.Equal(t, want[i] || errors.Is(answer, errRefused), slices.Contains(sent[events[i].Key], i), "what is behind a failure is not sent")
		}
	})
}

func TestWrite_NothingIsAccepted(t *testing.T) {
	require.NoError(t, lockstep.Write(nil, func([]int) []error { panic("there is nothing to send") }))
}
