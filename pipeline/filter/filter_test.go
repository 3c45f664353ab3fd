package filter

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
)

func sample() *pipeline.Event {
	return &pipeline.Event{
		Key: "meeting-1", Kind: "chime:AttendeeJoined", Attendee: "attendee-1", Source: "queue", Gap: "chime:AttendeeAdded",
		Time: time.UnixMilli(1767607200123).UTC(), IsLate: true,
		Body: []byte(`{"account":"444455556666","detail":{"networkType":"Voip","timestamp":1767607200123,"tags":["a","b"],"n":1.5}}`),
	}
}

func TestWhere(t *testing.T) {
	for expression, want := range map[string]Verdict{
		`true`: Wanted,
		`kind == "chime:AttendeeJoined" && key == "meeting-1" && attendee == "attendee-1"`: Wanted,
		`source in ["queue", "bus"] && gap != "" && late`:                                  Wanted,
		`source == "bus"`: Unwanted,
		`time >= timestamp("2026-01-05T10:00:00Z") && time.getHours() == 10`:          Wanted,
		`detail.networkType == "Voip"`:                                                Wanted,
		`detail.timestamp > 1767607200000`:                                            Wanted,
		`detail.timestamp == 1767607200123 && detail.n == 1.5`:                        Wanted,
		`detail.tags.exists(t, t == "b") && size(detail.tags) == 2`:                   Wanted,
		`body.account.startsWith("4444") && body.detail.n > 1`:                        Wanted,
		`kind.matches("^chime:Attendee(Joined|Left)$")`:                               Wanted,
		`has(detail.externalMeetingId)`:                                               Unwanted,
		`detail.externalMeetingId == "x"`:                                             Absent,
		`detail.networkType > 3`:                                                      Absent,
		`body.nothing.at.all == 1`:                                                    Absent,
		`kind == "other" && detail.externalMeetingId == "x"`:                          Unwanted,
		`detail.tags.all(a, detail.tags.all(b, detail.tags.all(c, a + b + c != "")))`: Wanted,
	} {
		f, err := New(Rules{Where: expression})
		require.NoError(t, err, expression)
		require.Equal(t, want, f.Judge(sample()), expression)
	}
}

// TestWhereWithoutNotification expects a body that is no JSON, or has no detail, to have nothing in it.
func TestWhereWithoutNotification(t *testing.T) {
	for _, body := range []string{"", "no JSON", "[1]", `{"detail":3}`, `null`} {
		e := sample()
		e.Body = []byte(body)
		for expression, want := range map[string]Verdict{
			`has(detail.x)`: Unwanted, `detail.x == 1`: Absent, `size(detail) == 0`: Wanted, `kind != ""`: Wanted,
		} {
			f, err := New(Rules{Where: expression})
			require.NoError(t, err)
			require.Equal(t, want, f.Judge(e), "%s of %s", expression, body)
		}
	}
}

// TestWhereReadsOnlyWhatItNeeds expects the notification to be read when an evaluation gets there, and once.
func TestWhereReadsOnlyWhatItNeeds(t *testing.T) {
	for expression, want := range map[string]bool{
		`kind == "x"`: false, `kind == "x" && detail.a == 1`: false, `detail.networkType == "Voip"`: true, `has(body.detail)`: true,
	} {
		w, err := Compile(expression)
		require.NoError(t, err)
		v := &variables{event: sample()}
		_, _, err = w.program.Eval(v)
		require.NoError(t, err)
		require.Equal(t, want, v.read, expression)
	}
}

// TestWhereIsBounded expects an expression that would take for ever to end soon, and the event to be sent.
func TestWhereIsBounded(t *testing.T) {
	e := sample()
	e.Body = fmt.Appendf(nil, `{"detail":{"l":[%s1]}}`, strings.Repeat("1,", 2000))
	f, err := New(Rules{Where: `detail.l.all(a, detail.l.all(b, detail.l.all(c, a + b + c > 0)))`})
	require.NoError(t, err)
	begin := time.Now()
	require.Equal(t, Costly, f.Judge(e))
	require.True(t, f.Judge(e).Sent())
	require.Less(t, time.Since(begin), 5*time.Second)
	t.Logf("gave up after %s", time.Since(begin)/2)
}

func TestCompileSaysWhatIsWrong(t *testing.T) {
	for expression, want := range map[string]string{
		`kid == "x"`:                    "line 1, column 1: undeclared reference to 'kid'; there are kind, key, attendee, source, time, late, gap, detail and body",
		"kind == \"x\" &&\n  late == 3": "line 2, column 8: found no matching overload for '_==_' applied to '(bool, int)'",
		`kind`:                          "must be true or false, but is of type string: compare it with something",
		`detail.flag`:                   "must be true or false, but is whatever the notification holds: compare it with something",
		`kind ==`:                       "line 1, column 8: Syntax error: mismatched input '<EOF>' expecting",
		`nothing(kind)`:                 "line 1, column 8: undeclared reference to 'nothing'",
		strings.Repeat("x", maxWhere+1): "has 4097 characters, more than 4096",
		strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200): "expression recursion limit exceeded",
	} {
		_, err := Compile(expression)
		require.ErrorContains(t, err, want)
	}
	_, err := Compile(`a == b`)
	require.Len(t, strings.Split(err.Error(), "\n"), 2, "both problems")
}

// like is the slow model of a pattern without classes.
func like(pattern, kind string) bool {
	expression := "(?s)^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern)) + "$"
	return regexp.MustCompile(expression).MatchString(kind)
}

func TestKindsAgainstModel(t *testing.T) {
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab:/*?")), 1, 6, -1)
	plain := rapid.StringOfN(rapid.SampledFrom([]rune("ab:/")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		kinds := rapid.SliceOfN(text, 0, 3).Draw(t, "kinds")
		exclude := rapid.SliceOfN(text, 0, 2).Draw(t, "exclude")
		kind := plain.Draw(t, "kind")
		want := len(kinds) == 0
		for _, p := range kinds {
			require.True(t, ValidPattern(p))
			want = want || like(p, kind)
		}
		for _, p := range exclude {
			want = want && !like(p, kind)
		}
		f, err := New(Rules{Kinds: kinds, Exclude: exclude})
		require.NoError(t, err)
		require.Equal(t, want, f.Judge(&pipeline.Event{Kind: kind}) == Wanted)
	})
	require.False(t, ValidPattern(""))
	require.False(t, ValidPattern("a[b"))
}

// TestKindsHaveNoSegments expects a star to go on at a slash.
func TestKindsHaveNoSegments(t *testing.T) {
	require.True(t, MatchKind("family:a/*", "family:a/b/c"))
	require.True(t, MatchKind("*", "family:a/b"))
	require.False(t, MatchKind("family:?b", "family:a"))
}

// FuzzWhere expects no expression and no body to panic or to take for ever.
func FuzzWhere(f *testing.F) {
	f.Add(`detail.a == 1`, `{"detail":{"a":1}}`)
	f.Add(`body.l.exists(x, x.matches(kind))`, `{"l":["a"]}`)
	f.Fuzz(func(_ *testing.T, expression, body string) {
		w, err := Compile(expression)
		if err != nil {
			return
		}
		e := sample()
		e.Body = []byte(body)
		w.judge(e)
	})
}

func BenchmarkWhere(b *testing.B) {
	for _, expression := range []string{`kind == "chime:AttendeeJoined" && !late`, `detail.networkType == "Voip"`} {
		b.Run(expression, func(b *testing.B) {
			w, err := Compile(expression)
			require.NoError(b, err)
			e := sample()
			for b.Loop() {
				w.judge(e)
			}
		})
	}
}
