package sns_test

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/connectors/sns"
	"carillon/pipeline/pipelinetest"
)

var update = flag.Bool("update", false, "write testdata/vectors anew, with a new key")

// vectors are messages with their signatures as files, so that other programs can check them as well.
func vectors() map[string]message {
	return map[string]message{
		"notification_v1":         notification(event),
		"notification_v2":         notification(event).with("SignatureVersion", "2"),
		"notification_v2_subject": notification("Grüße\n\x01\u2028🔔").with("SignatureVersion", "2").with("Subject", "Glöckchen"),
		"subscribe_v1":            confirmation("SubscriptionConfirmation"),
		"unsubscribe_v2":          confirmation("UnsubscribeConfirmation").with("SignatureVersion", "2"),
	}
}

func TestVectors(t *testing.T) {
	sns1 := newAPI(t)
	h := build(t, func(c *sns.Config) { c.Endpoint = sns1.URL })
	dir := filepath.Join("testdata", "vectors")
	if *update {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "signer.pem"), h.signer.certificate(t, certOptions{}), 0o644))
		for name, m := range vectors() {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name+".json"), append(h.signer.body(t, m), '\n'), 0o644))
		}
	}
	file, err := os.ReadFile(filepath.Join(dir, "signer.pem"))
	require.NoError(t, err)
	h.certs.serveFile(certURL, file)
	out := &pipelinetest.Emitter{}
	h.run(t, out)
	for name := range vectors() {
		body, err := os.ReadFile(filepath.Join(dir, name+".json"))
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, h.post(body, nil).Code, name)
	}
	require.Len(t, out.Stored(), 3)
	require.Equal(t, 1, h.outcomes(t)["confirmed"])
	require.Equal(t, 1, h.outcomes(t)["unsubscribed"])
}
