//go:build integration

package redis_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/connectors/redis"
	"carillon/pipeline"
)

// TestCheck looks at a key in every state, and makes nothing.
func TestCheck(t *testing.T) {
	f := newFarSide(t)
	look := func(url, stream string) (string, error) {
		sink := open(t, url, func(c *redis.Config) { c.Stream = stream })
		defer func() { require.NoError(t, sink.Close(context.WithoutCancel(t.Context()))) }()
		checker, ok := sink.(pipeline.Checker)
		require.True(t, ok)
		found, err := checker.Check(t.Context())
		if err != nil {
			require.NotContains(t, err.Error(), secret)
		}
		return found, err
	}
	found, err := look(f.url(f.addr), "events")
	require.NoError(t, err)
	require.Equal(t, "Redis, stream events comes with the first event", found)
	require.Zero(t, f.client.Exists(t.Context(), "events").Val())

	f.do("XADD", "events", "*", "a", "b")
	found, err = look(f.url(f.addr), "events")
	require.NoError(t, err)
	require.Equal(t, "Redis, stream events", found)
	require.EqualValues(t, 1, f.client.XLen(t.Context(), "events").Val())

	f.do("SET", "text", "x")
	_, err = look(f.url(f.addr), "text")
	require.EqualError(t, err, `"text" holds a string, not a stream: remove it, or correct stream`)
	found, err = look(f.url(f.addr), "events:{key}")
	require.NoError(t, err)
	require.Equal(t, "Redis, a stream for each meeting", found)
	_, err = look("redis://router:wrong@"+f.addr, "events")
	require.ErrorContains(t, err, "WRONGPASS")
}
