package webhook_test

import (
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"carillon/connectors/format"
	"carillon/connectors/webhook"
	"carillon/pipeline"
)

// newKey returns a key as a provider shows it.
func newKey(t *testing.T, prefix string, size int) string {
	t.Helper()
	key := make([]byte, size)
	_, err := rand.Read(key)
	require.NoError(t, err)
	return prefix + base64.StdEncoding.EncodeToString(key)
}

// verifier is a receiver that knows one key, and accepts what it signed.
func verifier(t *testing.T, key string) *httptest.Server {
	t.Helper()
	hook, err := standardwebhooks.NewWebhook(key)
	require.NoError(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = hook.Verify(body, r.Header)
		}
		if err != nil || r.Header.Get("Webhook-Id") != r.Header.Get("Carillon-Id") {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)
	return server
}

func TestWrite_IsSignedForBothKeysInEveryFormat(t *testing.T) {
	now, before, other := newKey(t, "whsec_", 24), newKey(t, "", 64), newKey(t, "whsec_", 32)
	for _, f := range []format.Format{format.Raw, format.JSON, format.EventBridge, format.CloudEvents, format.CloudEventsBinary} {
		for key, accepted := range map[string]bool{now: true, before: true, other: false} {
			s := open(t, verifier(t, key).URL, time.Minute, func(c *webhook.Config) {
				c.Format, c.Secret, c.PreviousSecret = f, pipeline.NewSecret(now), pipeline.NewSecret(before)
			})
			e := event(1, "m")
			e.Body = []byte(`{"detail":{"a":"ü"}}`)
			err := s.Write(t.Context(), []pipeline.Event{e})
			require.Equal(t, accepted, err == nil, "%s: %v", f, err)
			closeSink(t, s)
		}
	}
}

func TestWrite_SignatureIsThatOfTheLibrary(t *testing.T) {
	key := newKey(t, "whsec_", 32)
	var got http.Header
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.Header
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	at := time.Unix(1760000009, 999)
	cfg := webhook.DefaultConfig()
	cfg.URL, cfg.Secret = pipeline.NewSecret(server.URL), pipeline.NewSecret(key)
	set := settings(nil)
	set.Clock = func() time.Time { return at }
	s, err := webhook.Factory().New(&cfg, set)
	require.NoError(t, err)
	defer closeSink(t, s)
	e := event(7, "m")
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{e}))
	require.Equal(t, "1760000009", got.Get("Webhook-Timestamp"))
	hook, err := standardwebhooks.NewWebhook(key)
	require.NoError(t, err)
	want, err := hook.Sign(e.ID.String(), at, body)
	require.NoError(t, err)
	require.Equal(t, want, got.Get("Webhook-Signature"))

	at = at.Add(time.Hour)
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{e}))
	require.Equal(t, e.ID.String(), got.Get("Webhook-Id"), "a repeat has the same id")
	require.NotEqual(t, want, got.Get("Webhook-Signature"), "and a timestamp of its own")
	require.NoError(t, hook.VerifyIgnoringTimestamp(body, got))
}

func TestNew_RefusesAKeyThatIsNone(t *testing.T) {
	cfg := webhook.DefaultConfig()
	cfg.URL, cfg.Secret = pipeline.NewSecret("http://x"), pipeline.NewSecret("hidden!")
	_, err := webhook.Factory().New(&cfg, settings(nil))
	require.ErrorContains(t, err, "reading the key: not base64")
	require.NotContains(t, err.Error(), "hidden")
}
