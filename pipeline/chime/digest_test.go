package chime_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/chime"
)

// digest reads a body that has a detail.
func digest(tb require.TestingT, body []byte) chime.Digest {
	d, ok := chime.ReadDigest(body)
	require.True(tb, ok)
	return d
}

// TestCopiesOfAllPathsHaveOneDigest expects nothing to be found between the fixtures of one event, which differ in envelope.
func TestCopiesOfAllPathsHaveOneDigest(t *testing.T) {
	seen := map[string]chime.Digest{}
	copies := 0
	for _, f := range fixtures(t, shapes...) {
		items := chime.Read(nil, f.body, arrival)
		d := digest(t, items[0].Body)
		if first, known := seen[f.name]; known {
			copies++
			require.Empty(t, first.Differences(&d), f.name)
		}
		seen[f.name] = d
	}
	require.Greater(t, copies, 80)
}

// TestDigestNamesWhatDiffers changes members of a detail, spells the rest in another way, and expects exactly their names.
func TestDigestNamesWhatDiffers(t *testing.T) {
	all := fixtures(t, "eventbridge", "direct")
	compared := chime.Compared()
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(all).Draw(t, "fixture")
		first, envelope := digest(t, f.body), object(t, f.body)
		d, want := detail(t, envelope), map[string]bool{}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(append(compared, "new", "newer")), 0, 3, rapid.ID).Draw(t, "names") {
			d[name] = rapid.StringMatching(`[a-z]{20}`).Draw(t, name)
			if !slices.Contains(compared, name) {
				name = "other"
			}
			want[name] = true
		}
		envelope["id"], envelope["time"], envelope["resources"], envelope["version"] = "i", "2026-01-02T12:00:00Z", []any{"r"}, "7"
		second := digest(t, []byte(respell(t, envelope)))
		names := first.Differences(&second)
		require.Equal(t, names, second.Differences(&first))
		require.Len(t, names, len(want))
		for _, name := range names {
			require.True(t, want[name], name)
		}
	})
}

// TestDigestWithoutDetail expects nothing to be compared that has no detail.
func TestDigestWithoutDetail(t *testing.T) {
	for _, body := range []string{"", "{", "[]", "1", "{}", `{"detail":1}`, `{"detail":{"a":1}`, `{"detail":{}} x`} {
		_, ok := chime.ReadDigest([]byte(body))
		require.Equal(t, body == `{"detail":{}} x`, ok, body)
	}
	d, ok := chime.ReadDigest([]byte(`{"detail":{"x":null,"message":""},"more":[1,{"detail":{"message":"a"}}]}`))
	require.True(t, ok)
	require.Empty(t, d.Differences(new(chime.Digest)))
	twice := digest(t, []byte(`{"detail":{"x":1,"x":2,"message":"a","message":"b"}}`))
	once := digest(t, []byte(`{"detail":{"message":"b","x":"2"}}`))
	require.Empty(t, twice.Differences(&once))
}

func BenchmarkReadDigest(b *testing.B) {
	body := load(b, "eventbridge", "chime.AttendeeJoined")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := chime.ReadDigest(body); !ok {
			b.Fatal("no detail")
		}
	}
}
