package chime

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
)

// seeds returns every fixture, bare and in batches.
func seeds(f *testing.F) [][]byte {
	f.Helper()
	files, err := filepath.Glob("testdata/*/*.json")
	require.NoError(f, err)
	var all [][]byte
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(f, err)
		all = append(all, body)
		if len(all)%20 == 0 {
			all = append(all, slices.Concat([]byte(`{"Records":[`), body, []byte(`,{"body":"x"}]}`)))
			all = append(all, slices.Concat([]byte(`[`), body, []byte(`,null]`)))
		}
	}
	return all
}

func FuzzRead(f *testing.F) {
	for _, body := range seeds(f) {
		f.Add(body)
	}
	for _, body := range []string{"", "null", "[]", `{"Records":[{"Sns":{"Type":"Notification","Message":"{}"}}]}`} {
		f.Add([]byte(body))
	}
	arrival := time.Unix(1767355200, 0)
	f.Fuzz(func(t *testing.T, body []byte) {
		before := slices.Clone(body)
		items := Read(nil, body, arrival)
		require.Equal(t, before, body)
		require.NotEmpty(t, items)
		for _, item := range items {
			checkItem(t, item, arrival)
		}
		if !jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true)) {
			require.Len(t, items, 1)
			require.Error(t, items[0].Err)
			require.Equal(t, string(body), string(items[0].Body))
		}
	})
}

func checkItem(t *testing.T, item Item, arrival time.Time) {
	t.Helper()
	if unreadable, ok := errors.AsType[*Unreadable](item.Err); ok {
		require.Contains(t, Reasons(), unreadable.Reason)
		require.NotEmpty(t, unreadable.Detail)
		return
	}
	if filtered, ok := errors.AsType[*Filtered](item.Err); ok {
		require.Contains(t, FilterReasons(), filtered.Reason)
		return
	}
	require.NoError(t, item.Err)
	r := item.Record
	require.Regexp(t, safeToken, r.Key)
	require.True(t, printable([]byte(r.Kind)) && r.Kind != "" && len(r.Kind) <= maxName, r.Kind)
	require.True(t, printable([]byte(r.Attendee)) && len(r.Attendee) <= maxName, r.Attendee)
	require.NotZero(t, r.ID)
	require.Equal(t, []Item{item}, Read(nil, item.Body, arrival), "an unwrapped body reads the same")
}

func FuzzKey(f *testing.F) {
	f.Add("meeting", "3f-1", "call", "3f-1")
	f.Add("resource", "arn:aws:chime:x:1:app-instance/y", "h", "0123456789abcdef0123456789abcdef")
	f.Add("call", strings.Repeat("z", 60), "call", "\x00")
	f.Fuzz(func(t *testing.T, class1, value1, class2, value2 string) {
		c1, c2 := keyClass(class1), keyClass(class2)
		if !slices.Contains(allClasses, c1) || !slices.Contains(allClasses, c2) {
			c1, c2 = classMeeting, allClasses[(len(class1)+len(class2))%len(allClasses)]
		}
		token1, token2 := token(c1, []byte(value1)), token(c2, []byte(value2))
		require.Regexp(t, safeToken, token1)
		require.Regexp(t, safeToken, token2)
		require.Equal(t, c1 == c2 && value1 == value2, token1 == token2)
		require.Less(t, Partition(token1, 7), 7)
	})
}

func FuzzCanonical(f *testing.F) {
	for _, body := range seeds(f) {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		v := jsontext.Value(body)
		if !v.IsValid(jsontext.AllowDuplicateNames(true)) || strings.Count(string(v), "[")+strings.Count(string(v), "{") > maxDepth {
			return
		}
		once := jsontext.Value(canonical(v))
		require.True(t, once.IsValid(), "names are unique now")
		require.Equal(t, string(once), string(canonical(once)))
		compact := v.Clone()
		require.NoError(t, compact.Compact(jsontext.AllowDuplicateNames(true)))
		require.Equal(t, string(once), string(canonical(compact)))
	})
}
