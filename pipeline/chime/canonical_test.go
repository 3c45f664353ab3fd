package chime

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCanonicalForms(t *testing.T) {
	for in, want := range map[string]string{
		`{ "b" : 1.0, "a" : [ true, null, "x" ] }`:      `{"a":[true,null,"x"],"b":"1"}`,
		`{"a":1,"a":2,"b":3,"a":"\u0033"}`:              `{"a":"3","b":"3"}`,
		`{"n":[1e3,-0,0.10,1E-7,12345678901234567890]}`: `{"n":["1000","0","0.1","1e-7","12345678901234567890"]}`,
		`{"\u0061":"\ud83d\udd14\/\t"}`:                 `{"a":"🔔/\t"}`,
		`[{},[],""]`:                                    `[{},[],""]`,
		`"x"`:                                           `"x"`,
		`null`:                                          `null`,
	} {
		require.Equal(t, want, string(canonical(jsontext.Value(in))), in)
	}
}

// value draws a JSON value of strings, booleans and containers: there this form and RFC 8785 agree.
func value(t *rapid.T, depth int) string {
	choices := 3
	if depth > 0 {
		choices = 5
	}
	switch rapid.IntRange(1, choices).Draw(t, "sort") {
	case 1:
		return rapid.SampledFrom([]string{`true`, `false`, `null`}).Draw(t, "literal")
	case 2, 3:
		return rapid.SampledFrom([]string{`""`, `"a"`, `"\u0061"`, `"b"`, `"\n"`, `"\u000a"`, `"é"`, `"\u00E9"`}).Draw(t, "string")
	case 4:
		return "[" + list(t, func() string { return value(t, depth-1) }) + "]"
	}
	names := rapid.Permutation([]string{`"a"`, `"\u0062"`, `"cc"`, `"é"`}).Draw(t, "names")
	next := 0
	return "{" + list(t, func() string {
		next++
		return names[next-1] + ": " + value(t, depth-1)
	}) + "}"
}

func list(t *rapid.T, element func() string) string {
	var elements []string
	for range rapid.IntRange(0, 4).Draw(t, "length") {
		elements = append(elements, element())
	}
	return strings.Join(elements, " ,")
}

func TestCanonicalAgreesWithRFC8785(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := jsontext.Value(value(t, 3))
		want := v.Clone()
		require.NoError(t, want.Canonicalize())
		require.Equal(t, string(want), string(canonical(v)))
	})
}

func TestChildren(t *testing.T) {
	require.Equal(t, "2", string(child(jsontext.Value(`{"a":1,"b":[{}],"a":2}`), "a")))
	require.Nil(t, child(jsontext.Value(`{"a":1}`), "b"))
	for _, v := range []string{``, `null`, `7`, `"a"`, `[]`, `{}`} {
		require.Nil(t, child(jsontext.Value(v), ""), v)
	}
	for name, v := range children(jsontext.Value(`[5,6]`)) {
		require.Empty(t, name)
		require.Equal(t, "5", string(v))
		break
	}
}
