package receive_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/connectors/receive"
)

func TestKeyMatchesOnlyItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret, other := rapid.String().Draw(t, "secret"), rapid.String().Draw(t, "other")
		key := receive.NewKey(secret)
		require.True(t, key.Matches(secret))
		require.Equal(t, secret == other, key.Matches(other))
		require.False(t, receive.Key{}.Matches(secret))
	})
}

func TestBasicNeedsBoth(t *testing.T) {
	basic := receive.NewBasic("bus", "pass:word")
	request := func(change func(*http.Request)) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
		change(r)
		return r
	}
	require.True(t, basic.Matches(request(func(r *http.Request) { r.SetBasicAuth("bus", "pass:word") })))
	for name, change := range map[string]func(*http.Request){
		"nothing":        func(*http.Request) {},
		"wrong user":     func(r *http.Request) { r.SetBasicAuth("bos", "pass:word") },
		"wrong password": func(r *http.Request) { r.SetBasicAuth("bus", "pass") },
		"exchanged":      func(r *http.Request) { r.SetBasicAuth("pass:word", "bus") },
		"no base64":      func(r *http.Request) { r.Header.Set("Authorization", "Basic bus:pass:word") },
		"other scheme":   func(r *http.Request) { r.Header.Set("Authorization", "Bearer pass:word") },
	} {
		require.False(t, basic.Matches(request(change)), name)
	}
	require.False(t, receive.NewBasic("", "").Matches(request(func(*http.Request) {})), "no header is not an empty name")
}

func TestBearer(t *testing.T) {
	for header, want := range map[string]string{
		"": "", "Bearer": "", "Bearer a.b.c": "a.b.c", "bearer  x ": "x", "Basic abc": "", "Bearerx": "", "x Bearer y": "",
	} {
		r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
		r.Header.Set("Authorization", header)
		require.Equal(t, want, receive.Bearer(r), header)
	}
}

func TestTrace(t *testing.T) {
	h := http.Header{}
	require.Empty(t, receive.Trace(h))
	h.Set(receive.RequestIDHeader, "own")
	require.Equal(t, "own", receive.Trace(h))
	h.Set("X-Amzn-Trace-Id", "Root=1\x01\n")
	require.Equal(t, "Root=1", receive.Trace(h))
	h.Set("X-Request-Id", "é\x00")
	require.Equal(t, "Root=1", receive.Trace(h), "one with nothing printable is none")
	h.Set("X-Request-Id", strings.Repeat("x", 500))
	require.Len(t, receive.Trace(h), 128)
}
