package sequence

import (
	"maps"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestMeetings compares the memory of meetings with a list in the order of use: what has to stay stays, what is idle or
// above the limit leaves, least recently used first, and the number is bounded however many meetings come.
func TestMeetings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.IntRange(1, 6).Draw(t, "limit")
		ms := newMeetings(limit)
		now := time.Unix(1_700_000_000, 0)
		busy := map[string]bool{}
		stays := func(m *meeting) bool { return busy[m.key] || m.loading || m.unsettled > 0 }
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 120).Draw(t, "passes")) * time.Second)
			key := strconv.Itoa(rapid.IntRange(0, 9).Draw(t, "key"))
			had := ms.byKey[key]
			m, known := ms.touch(key, now)
			require.Equal(t, had != nil, known)
			if known {
				require.Same(t, had, m)
			}
			m.loading = rapid.Bool().Draw(t, "loading")
			m.unsettled = rapid.IntRange(0, 1).Draw(t, "unsettled")
			busy[key] = rapid.Bool().Draw(t, "held")
			before := maps.Clone(ms.byKey)
			ms.evict(now, len(before), func(key string) bool { return !busy[key] })
			require.Equal(t, len(ms.byKey), ms.lru.Len())
			free := 0
			for k, m := range before {
				left := ms.byKey[k] == nil
				require.False(t, left && stays(m), "a meeting that had to stay left")
				if !left && !stays(m) {
					free++
					require.False(t, m.used.Before(now.Add(-forgetAfter)), "an idle meeting stayed")
				}
			}
			require.True(t, free == 0 || ms.lru.Len() <= limit, "above the limit although one could leave")
		}
	})
}

// TestMeetingsLeaveLeastRecentlyUsedFirst also expects a look at few meetings to be enough when one has to stay.
func TestMeetingsLeaveLeastRecentlyUsedFirst(t *testing.T) {
	ms := newMeetings(2)
	now := time.Unix(1_700_000_000, 0)
	for i, key := range []string{"a", "b", "c"} {
		m, _ := ms.touch(key, now.Add(time.Duration(i)))
		m.loading = key == "a"
	}
	ms.evict(now, 2, func(string) bool { return true })
	require.Contains(t, ms.byKey, "a")
	require.NotContains(t, ms.byKey, "b")
	require.Contains(t, ms.byKey, "c")
}
