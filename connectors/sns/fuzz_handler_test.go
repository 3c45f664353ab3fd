package sns_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/connectors/sns"
	"carillon/pipeline"
)

// signedFields are what the signature of a notification covers.
func signedFields(tb testing.TB, body []byte) string {
	tb.Helper()
	var w struct {
		Message, MessageId, Timestamp, TopicArn, Type string
		Subject                                       *string
	}
	require.NoError(tb, json.Unmarshal(body, &w))
	b, err := json.Marshal(w)
	require.NoError(tb, err)
	return string(b)
}

// last is an emitter that keeps what came last.
type last struct{ body []byte }

func (l *last) Emit(_ context.Context, ns ...pipeline.Notification) error {
	l.body = ns[len(ns)-1].Body
	return nil
}

// FuzzHandler sends any body, with and without the header of raw delivery: what is stored says, in all that is signed, what
// one of the signed messages says.
func FuzzHandler(f *testing.F) {
	genuine := map[string]bool{}
	f.Add([]byte(`{"Type":"Notification"}`), true)
	rows, certificate := table(f, "accepted.json")
	for _, r := range rows {
		if r.Class == "notification" {
			f.Add([]byte(r.Body), false)
			genuine[signedFields(f, []byte(r.Body))] = true
		}
	}
	require.NotEmpty(f, genuine)
	h, out := build(f, func(c *sns.Config) { c.Confirm = false }), &last{}
	h.certs.serveFile(certURL, certificate)
	h.run(f, out)
	f.Fuzz(func(t *testing.T, body []byte, raw bool) {
		out.body = nil
		w := h.post(body, func(r *http.Request) {
			if raw {
				r.Header.Set("X-Amz-Sns-Rawdelivery", "true")
			}
		})
		require.Equal(t, http.StatusText(w.Code)+"\n", w.Body.String())
		if w.Code != http.StatusOK {
			require.Nil(t, out.body)
			return
		}
		require.False(t, raw)
		require.True(t, genuine[signedFields(t, out.body)], "forged: %s", body)
	})
}
