package journal

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

func TestDefaultsAreValid(t *testing.T) {
	c, s := DefaultConnect(), DefaultStream()
	require.NoError(t, c.Validate())
	require.NoError(t, s.Validate())
}

func TestEveryProblemIsNamed(t *testing.T) {
	c := ConnectConfig{Embedded: EmbeddedConfig{Sync: "sometimes"}, Creds: "x"}
	err := c.Validate()
	for _, path := range []string{"embedded.dir: ", "embedded.sync: ", "creds: "} {
		require.ErrorContains(t, err, path)
	}
	c = DefaultConnect()
	c.URL = "nats://a:4222,http://b:4222"
	require.ErrorContains(t, c.Validate(), `url: "http://b:4222"`)
	c.URL = "nats://a:4222, tls://b:4222"
	require.NoError(t, c.Validate())

	s := StreamConfig{Prefix: "Chime.x", Partitions: 257, Replicas: 2, Retention: time.Second, MaxBytes: pipeline.MiB, RawKeep: -1}
	err = s.Validate()
	for _, path := range []string{"prefix: ", "partitions: ", "replicas: ", "retention: ", "max_bytes: ", "raw_keep: "} {
		require.ErrorContains(t, err, path)
	}
}

func TestPrefixesDoNotMeet(t *testing.T) {
	require.Equal(t, "CHIME_RAW", names{prefix: "chime"}.raw())
	require.Equal(t, "CHIME_2_EVENTS", names{prefix: "chime-2"}.events())
	require.Equal(t, "chime.dead.hook.m.30303030303030303030303030303037", names{prefix: "chime"}.deadSubject("hook", "m", identity(7)))
}
