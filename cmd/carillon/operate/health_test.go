package operate_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/cmd/carillon/operate"
)

func TestHealth(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		text   string // behind the URL
		ready  bool
	}{
		"ready":    {200, `{"ready":true}`, ": ready\n", true},
		"degraded": {200, `{"ready":true,"degraded":{"sink app":"accepts nothing: 503"}}`, ": ready\n  degraded  sink app: accepts nothing: 503\n", true},
		"wrong": {
			503, `{"ready":false,"problems":{"source b":"x","journal":"the disk is full"}}`,
			": not ready\n  wrong     journal: the disk is full\n  wrong     source b: x\n", false,
		},
		"contradiction": {503, `{"ready":true}`, ": not ready\n", false},
		"another page":  {404, `not found`, ": it answers 404 Not Found: is that the admin listener of a router?\n", false},
		"another place": {302, ``, ": it answers 302 Found: is that the admin listener of a router?\n", false},
		"another tongue": {
			200, `ok`, ": its answer is not that of a router: is that the admin listener of one?\n", false,
		},
		"a terminal's language": {503, `{"problems":{"journal":"\u001b[2J"}}`, ": not ready\n  wrong     journal: ?[2J\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/readyz" {
					c.status = http.StatusTeapot
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			}))
			defer srv.Close()
			var out bytes.Buffer
			err := operate.Health(t.Context(), srv.URL+"/", time.Minute, false, &out)
			require.Equal(t, srv.URL+"/readyz"+c.text, out.String())
			out.Reset()
			errJSON := operate.Health(t.Context(), srv.URL, time.Minute, true, &out)
			var answer struct {
				URL   string
				Ready bool
			}
			require.NoError(t, json.Unmarshal(out.Bytes(), &answer))
			require.Equal(t, c.ready, answer.Ready)
			require.Equal(t, srv.URL+"/readyz", answer.URL)
			if c.ready {
				require.NoError(t, err)
				require.NoError(t, errJSON)
				return
			}
			require.ErrorIs(t, err, operate.ErrUnready)
			require.ErrorIs(t, errJSON, operate.ErrUnready)
		})
	}
}

// TestHealthWithoutAnAnswer asks nobody, one that says nothing, and one that stops in the middle.
func TestHealthWithoutAnAnswer(t *testing.T) {
	held := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"ready":`))
		w.(http.Flusher).Flush()
		<-held
	}))
	defer silent.Close()
	defer close(held)
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	for url, want := range map[string]string{
		silent.URL:    "no answer within 50ms: is the router overloaded, or is that not its admin.listen?",
		nobody.URL:    "no router answers: is it running, and is that its admin.listen? (dial tcp ",
		"http://[::1": "not a URL such as http://127.0.0.1:9464",
	} {
		var out bytes.Buffer
		require.ErrorIs(t, operate.Health(t.Context(), url, 50*time.Millisecond, false, &out), operate.ErrUnready)
		require.Contains(t, out.String(), want)
	}
}
