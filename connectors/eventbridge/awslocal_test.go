package eventbridge_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

// TestDestinationOfLocalBus goes the whole way over sockets: a rule, an API destination with a key, and a journal that is
// away at first, so that EventBridge must come again.
func TestDestinationOfLocalBus(t *testing.T) {
	server, err := awslocal.Start(awslocal.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close(context.WithoutCancel(t.Context()))) })
	h, out := build(t, nil), &pipelinetest.Emitter{}
	var away atomic.Int32
	away.Store(2)
	out.Decide(func(pipeline.Notification) error {
		if away.Add(-1) >= 0 {
			return pipeline.Throttle(context.DeadlineExceeded, 0)
		}
		return nil
	})
	h.run(t, out)
	front := httptest.NewServer(h.handler)
	t.Cleanup(front.Close)
	require.NoError(t, server.PutRule(awslocal.Rule{
		Name: "chime", Sources: []string{"aws.chime"},
		Destination: &awslocal.Destination{
			URL: front.URL + "/eventbridge", KeyHeader: "X-Api-Key", Key: key, Initial: time.Millisecond, Max: 10 * time.Millisecond,
		},
	}))
	want := map[string]bool{}
	for i := range 20 {
		body := strings.Replace(strings.TrimSpace(event(t)), "teacher-7", fmt.Sprintf("teacher-%d", i), 1)
		want[body] = true
		require.NoError(t, server.Inject([]byte(body)))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.Eventually(t, func() bool { return h.count(t, "not_stored") == 2 }, 20*time.Second, 5*time.Millisecond)
	server.Advance(10 * time.Second) // past the Retry-After of 5 s
	require.NoError(t, out.Wait(ctx, len(want)))
	got := map[string]bool{}
	for _, n := range out.Stored() {
		got[string(n.Body)] = true
	}
	require.Equal(t, want, got)
}
