package eventbridge_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/connectors/eventbridge"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

// FuzzHandler sends any method, headers and body: what is stored carried the key, and is what was sent.
func FuzzHandler(f *testing.F) {
	f.Add(http.MethodPost, key, "", "{}")
	f.Add(http.MethodPost, "wrong", "identity", "[]")
	f.Add(http.MethodPost, key, "gzip", "\x1f\x8b\x00")
	f.Add(http.MethodGet, key+" ", "", "\x00\xff")
	f.Fuzz(func(t *testing.T, method, presented, encoding, body string) {
		h, out := build(t, nil), &pipelinetest.Emitter{}
		stop := h.run(t, out)
		defer stop()
		w := h.post(body, func(r *http.Request) {
			r.Method = method
			r.Header.Set("X-Api-Key", presented)
			r.Header.Set("Content-Encoding", encoding)
		})
		require.Equal(t, http.StatusText(w.Code)+"\n", w.Body.String())
		wanted := method == http.MethodPost && presented == key && (encoding == "" || strings.EqualFold(encoding, "identity"))
		if !wanted || len(body) > 2<<20 {
			require.Contains(t, []int{401, 405, 413, 415}, w.Code)
			require.Empty(t, out.Stored())
			return
		}
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, body, string(out.Stored()[0].Body))
	})
}

// FuzzToken changes a good token: only the unchanged one is taken, however it is presented.
func FuzzToken(f *testing.F) {
	for _, seed := range []string{"", "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiJ9.e30.AAAA"} {
		f.Add(seed, 0)
		f.Add(seed, 40)
	}
	f.Fuzz(func(t *testing.T, piece string, at int) {
		i := newIssuer(t)
		h, out := buildJWT(t, i, nil), &pipelinetest.Emitter{}
		stop := h.run(t, out)
		defer stop()
		good := i.token(t, 0, header("one"), goodClaims(h.clock.Now()))
		at = max(0, at) % (len(good) + 1)
		token := good[:at] + piece + good[min(len(good), at+len(piece)):]
		w := h.postToken(token)
		if strings.TrimSpace(token) == good {
			require.Equal(t, http.StatusOK, w.Code)
			return
		}
		require.Equal(t, http.StatusUnauthorized, w.Code, token)
		require.Empty(t, out.Stored())
	})
}

// FuzzConfig validates any configuration of tokens: a problem begins with its key, and no secret is in it.
func FuzzConfig(f *testing.F) {
	f.Add("https://issuer.example.com/keys", "RS256", "x")
	f.Add("http://127.0.0.1/keys", "none", "")
	f.Fuzz(func(t *testing.T, url, algorithm, audience string) {
		c := eventbridge.DefaultConfig()
		c.Auth.JWT = eventbridge.JWTConfig{JWKSURL: url, Issuer: "x", Audience: audience, Algorithms: []string{algorithm}}
		c.Auth.APIKey.Value = pipeline.NewSecret("hunter2")
		err := c.Validate()
		require.Error(t, err, "two kinds")
		require.NotContains(t, err.Error(), "hunter2")
		if !strings.Contains(err.Error(), "auth.jwt.jwks_url: ") {
			require.Regexp(t, `^(https://|http://(127\.|localhost|\[::1\]))`, strings.ToLower(url))
		}
	})
}
