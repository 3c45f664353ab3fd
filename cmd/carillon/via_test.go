package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestViaNeedsNoPath has one source that EventBridge posts to and two that take from queues: none of them claims the path of
// another, and what is wrong below via is told with its place.
func TestViaNeedsNoPath(t *testing.T) {
	file := filepath.Join(t.TempDir(), "carillon.yaml")
	write := func(via string) {
		require.NoError(t, os.WriteFile(file, []byte(`
sources:
  bus: {type: eventbridge, auth: {api_key: {value: k}}}
  east: {type: eventbridge, via: {queue_url: "https://sqs.us-east-1.amazonaws.com/111122223333/chime"}}
  west:
    type: eventbridge
    via: {`+via+`}
sinks:
  out: {type: stdout}
`), 0o600))
	}
	write("queue: chime, region: us-west-2, role_arn: 'arn:aws:iam::111122223333:role/carillon'")
	out, err := carillon(t, "check", "-c", file)
	require.NoError(t, err, out)
	require.Contains(t, out, "3 sources")

	write("queue: chime, max_pollers: 0, wait: 1.5s, queue_name: x")
	_, err = carillon(t, "check", "-c", file)
	require.ErrorContains(t, err, file+":7:")
	require.ErrorContains(t, err, "sources.west.via.max_pollers: 0 is outside 1 to 64")
	require.ErrorContains(t, err, "sources.west.via.wait")
	require.ErrorContains(t, err, "sources.west.via.queue_name")
}
