package entries_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/connectors/entries"
	"carillon/pipeline"
)

var (
	errRefused = pipeline.Reject(errors.New("refused"))
	errBroken  = pipeline.Reject(errors.New("broken"))
	errLater   = errors.New("not now")
	errGone    = errors.New("gone")
)

// TestSend_KeepsEveryMeetingInOrder: for any events and any answers, no call is over the limit or has two events of a meeting;
// what is accepted of a meeting is its beginning, in order and once; and every error is true.
func TestSend_KeepsEveryMeetingInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 24).Draw(t, "events")
		limit := entries.Limit{Entries: rapid.IntRange(1, 10).Draw(t, "entries"), Bytes: rapid.IntRange(10, 40).Draw(t, "bytes")}
		events, sizes, broken := make([]pipeline.Event, n), make([]int, n), make([]error, n)
		answer := make([]error, n)
		for i := range events {
			events[i].Key = strconv.Itoa(rapid.IntRange(0, 5).Draw(t, "key"))
			sizes[i] = rapid.IntRange(0, 10).Draw(t, "size")
			broken[i] = rapid.SampledFrom([]error{nil, nil, nil, nil, errBroken}).Draw(t, "broken")
			answer[i] = rapid.SampledFrom([]error{nil, nil, nil, nil, nil, errRefused, errLater}).Draw(t, "answer")
		}
		whole := rapid.Bool().Draw(t, "refusals are for the whole call")
		calls := rapid.IntRange(1, 60).Draw(t, "calls")
		var accepted []int
		err := entries.Send(t.Context(), events, sizes, broken, limit, func(_ context.Context, part []int) ([]error, error) {
			require.LessOrEqual(t, len(part), limit.Entries)
			keys, bytes := map[string]bool{}, 0
			for _, i := range part {
				require.NoError(t, broken[i])
				require.False(t, keys[events[i].Key])
				keys[events[i].Key] = true
				bytes += sizes[i]
			}
			require.LessOrEqual(t, bytes, limit.Bytes)
			if calls--; calls < 0 {
				return nil, errGone
			}
			out := make([]error, len(part))
			for n, i := range part {
				out[n] = answer[i]
			}
			if whole && slices.Contains(out, errRefused) {
				return nil, errRefused
			}
			for n, i := range part {
				if out[n] == nil {
					accepted = append(accepted, i)
				}
			}
			return out, nil
		})
		answers := pipeline.FailedAt(err, n)
		last, failed := map[string]int{}, map[string]bool{}
		for _, i := range accepted {
			require.Less(t, last[events[i].Key], i+1)
			last[events[i].Key] = i + 1
		}
		for i, err := range answers {
			require.Equal(t, err == nil, slices.Contains(accepted, i))
			key := events[i].Key
			if err == nil {
				require.False(t, failed[key])
				continue
			}
			if class, _ := pipeline.Classify(err); class == pipeline.ClassReject {
				require.True(t, broken[i] != nil || errors.Is(answer[i], errRefused))
			}
			if calls >= 0 && !failed[key] {
				require.True(t, broken[i] != nil || answer[i] != nil, "the first that fails of a meeting has a reason of its own")
			}
			failed[key] = true
		}
	})
}

func TestSend_SharesCallsBetweenMeetings(t *testing.T) {
	events := make([]pipeline.Event, 20)
	for i := range events {
		events[i].Key = strconv.Itoa(i % 10)
	}
	var calls [][]int
	require.NoError(t, entries.Send(t.Context(), events, make([]int, 20), make([]error, 20), entries.Limit{Entries: 10, Bytes: 1},
		func(_ context.Context, part []int) ([]error, error) {
			calls = append(calls, part)
			return make([]error, len(part)), nil
		}))
	require.Equal(t, [][]int{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {10, 11, 12, 13, 14, 15, 16, 17, 18, 19}}, calls)
}

func TestText_And_Group(t *testing.T) {
	for body, ok := range map[string]bool{"{}": true, "é\t\r\n \U0001F514": true, "": false, "\x01": false, "\xff": false, "\ufffe": false} {
		text, err := entries.Text([]byte(body))
		require.Equal(t, ok, err == nil, "%q", body)
		if ok {
			require.Equal(t, body, text)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.String().Draw(t, "key")
		group := entries.Group(key)
		require.Regexp(t, "^[!-~]{1,128}$", group)
	})
	require.Equal(t, "3f0c9a52-7b1e", entries.Group("3f0c9a52-7b1e"))
}
