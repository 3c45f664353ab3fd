package webhook

import (
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
)

func hide(t require.TestingT) secrets {
	u, err := url.Parse("https://user:pass%21word@example.com/hooks/T0123456789AB/chime?token=%3Cquery%3E&a=b")
	require.NoError(t, err)
	return secretsOf(u, map[string]pipeline.Secret{"Authorization": pipeline.NewSecret("Bearer top\"secret"), "X-Short": pipeline.NewSecret("abc")},
		pipeline.NewSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), pipeline.Secret{})
}

func TestExcerpt_Table(t *testing.T) {
	s := hide(t)
	for text, want := range map[string]string{
		"":                       "",
		"no field \"meetingId\"": "no field \"meetingId\"",
		"<html>\r\n\t<h1>Bad  Request</h1>\x00\x1b[31m": "<html> <h1>Bad Request</h1> [31m",
		"caf\xe9 é":                                             "caf\ufffd é",
		"chime hooks Bearer abc user":                           "chime hooks Bearer abc user",
		"sent Bearer top\"secret!":                              "sent <redacted>!",
		`{"token":"top\"secret"}`:                               `{"token":"<redacted>"}`,
		"<p>top&#34;secret</p>":                                 "<p><redacted></p>",
		"POST /hooks/T0123456789AB/chime?x":                     "POST /hooks/<redacted>/chime?x",
		"POST /hooks/T0123456789AB/chime?token=%3Cquery%3E&a=b": "POST <redacted>",
		"the token is <query> or %3Cquery%3E":                   "the token is <redacted> or <redacted>",
		"pass!word, pass%21word, dXNlcjpwYXNzIXdvcmQ=":          "<redacted>, <redacted>, <redacted>",
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw":                      "<redacted>",
	} {
		require.Equal(t, want, s.read(strings.NewReader(text)), text)
	}
}

func TestExcerpt_IsShortAndPrintsAndTellsNothing(t *testing.T) {
	pieces := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string(hide(t))), rapid.StringN(100, 300, -1),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		s := hide(t)
		got := s.read(strings.NewReader(strings.Join(rapid.SliceOf(pieces).Draw(t, "pieces"), "")))
		require.LessOrEqual(t, len(got), pipeline.MaxExcerpt)
		require.True(t, utf8.ValidString(got))
		require.False(t, strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", got)
		for _, secret := range s {
			require.NotContains(t, strings.ReplaceAll(got, redacted, "|"), secret)
		}
	})
}

// TestExcerpt_CutsNoSecretInTwo puts a secret over every place at which an answer is cut.
func TestExcerpt_CutsNoSecretInTwo(t *testing.T) {
	s := hide(t)
	const secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	for before := maxExcerpt - 2*len(secret); before < maxExcerpt+2*len(secret); before++ {
		got := s.read(strings.NewReader(strings.Repeat(".", before) + secret + strings.Repeat("!", 100)))
		require.NotContains(t, got, secret[:1], before)
	}
	many := s.read(strings.NewReader(strings.Repeat("abcd", 1000)))
	require.Len(t, many, maxExcerpt)
}
