package chime

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var safeToken = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

var allClasses = []keyClass{classMeeting, classCall, classPipeline, classConnector, classResource, classType}

func TestTokens(t *testing.T) {
	long := strings.Repeat("a", 64)
	for _, c := range []struct {
		class       keyClass
		value, want string
	}{
		{classMeeting, "M-1", "M-1"},
		{classMeeting, long, long},
		{classMeeting, long + "a", "h_"},
		{classMeeting, "h_1", "h_"},
		{classMeeting, "a.b", "h_"},
		{classMeeting, "a b", "h_"},
		{classMeeting, "*", "h_"},
		{classMeeting, "", "h_"},
		{classCall, "c1", "call_c1"},
		{classCall, long[:59], "call_" + long[:59]},
		{classCall, long[:60], "h_"},
		{classResource, "arn:aws:chime:x", "h_"},
		{classType, "SpeakerSearchStatus", "type_SpeakerSearchStatus"},
	} {
		got := token(c.class, []byte(c.value))
		if strings.HasPrefix(c.want, "h_") {
			require.Regexp(t, `^h_[0-9a-f]{32}$`, got, c.value)
			continue
		}
		require.Equal(t, c.want, got)
	}
}

func TestTokensAreSafeAndTellValuesApart(t *testing.T) {
	value := rapid.OneOf(
		rapid.StringMatching(`[A-Za-z0-9-]{0,70}`),
		rapid.StringMatching(`(h|call|pipeline|type)_[0-9a-f]{0,32}`),
		rapid.StringN(0, 20, 5000),
	)
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.SampledFrom(allClasses)
		class1, value1 := classes.Draw(t, "class"), value.Draw(t, "value")
		class2, value2 := classes.Draw(t, "other class"), value.Draw(t, "other value")
		token1, token2 := token(class1, []byte(value1)), token(class2, []byte(value2))
		require.Regexp(t, safeToken, token1)
		require.Equal(t, class1 == class2 && value1 == value2, token1 == token2, "%s and %s", token1, token2)
	})
}

func TestPipelineID(t *testing.T) {
	for in, want := range map[string]string{
		"arn:aws:chime:us-east-1:1:media-pipeline/p-1": "p-1",
		"arn:aws:chime:us-east-1:1:media-pipeline/":    "arn:aws:chime:us-east-1:1:media-pipeline/",
		"arn:aws:chime:us-east-1:1:other/p-1":          "arn:aws:chime:us-east-1:1:other/p-1",
		"p-1":                                          "p-1",
		"":                                             "",
	} {
		require.Equal(t, want, string(pipelineID([]byte(in))), in)
	}
}

func TestPartitionStaysInRangeAndUsesAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(-2, 1<<20).Draw(t, "n")
		p := Partition(rapid.String().Draw(t, "key"), n)
		require.GreaterOrEqual(t, p, 0)
		require.Less(t, p, max(n, 1))
	})
	used := map[int]int{}
	for i := range 8000 {
		used[Partition(strings.Repeat("k", i%20)+string(rune('a'+i%26))+string(rune(i)), 8)]++
	}
	require.Len(t, used, 8)
	for p, n := range used {
		require.Greater(t, n, 500, "partition %d", p)
	}
}

func TestKinds(t *testing.T) {
	for in, want := range map[string]string{
		"chime:AttendeeJoined":         "chime:AttendeeJoined",
		"chime:Brand New":              "chime:Brand-New",
		"chime:Glöckchen\n":            "chime:Gl-ckchen-",
		strings.Repeat("x", 128):       strings.Repeat("x", 128),
		strings.Repeat("x", 129):       strings.Repeat("x", 128),
		strings.Repeat("ü", 300):       strings.Repeat("-", 128),
		"\xff":                         "-",
		"unknown:" + string(slug(nil)): "unknown:unnamed",
	} {
		require.Equal(t, want, kindOf([]byte(in)))
	}
	require.Equal(t, "chime-bell-2-status", string(slug([]byte(" Chime  Bell/2 STATUS! "))))
	require.Equal(t, "unnamed", string(slug([]byte("鐘"))))
}

func TestEveryKnownKindSurvivesItsOwnSpelling(t *testing.T) {
	require.Len(t, kinds, 66)
	for name, k := range kinds {
		require.Equal(t, name, k.name)
		require.True(t, printable([]byte(name)) && len(name) <= maxName, name)
	}
}
