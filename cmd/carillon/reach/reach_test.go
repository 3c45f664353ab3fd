package reach_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/cmd/carillon/reach"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func after(d time.Duration, found string, err error) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		select {
		case <-time.After(d):
			return found, err
		case <-ctx.Done():
			return "", fmt.Errorf("asking: %w", ctx.Err())
		}
	}
}

// TestAll: side by side, in order, each with its own limit, whatever a component makes of its context.
func TestAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		deaf := make(chan struct{})
		var order []string
		var waits [][]string
		start := time.Now()
		got := reach.All(t.Context(), []reach.Target{
			{Path: "slow", Check: after(3*time.Second, "a", nil)},
			{Path: "quick", Check: after(time.Second, "b", nil)},
			{Path: "wrong", Check: after(2*time.Second, "c", errors.New("no\nsuch thing"))},
			{Path: "silent", Check: after(time.Hour, "d", nil)},
			{Path: "deaf", Check: func(context.Context) (string, error) { <-deaf; return "", nil }},
		}, 10*time.Second, func(r reach.Result) { order = append(order, r.Path) }, func(left []string) { waits = append(waits, left) })
		require.Equal(t, 11*time.Second, time.Since(start))
		require.Equal(t, []reach.Result{
			{Path: "slow", OK: true, Found: "a", Seconds: 3},
			{Path: "quick", OK: true, Found: "b", Seconds: 1},
			{Path: "wrong", Problem: "no such thing", Seconds: 2},
			{Path: "silent", Problem: "asking: no answer within 10s", Seconds: 10},
			{Path: "deaf", Problem: "no answer within 10s", Seconds: 11},
		}, got)
		require.Equal(t, []string{"slow", "quick", "wrong", "silent", "deaf"}, order)
		require.Equal(t, [][]string{
			{"slow", "quick", "wrong", "silent", "deaf"}, {"slow", "wrong", "silent", "deaf"}, {"slow", "silent", "deaf"}, {"silent", "deaf"}, {"deaf"}, nil,
		}, waits)
		close(deaf)
	})
}

func TestAll_EndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := reach.All(ctx, []reach.Target{{Path: "a", Check: after(time.Hour, "", nil)}}, time.Hour, func(reach.Result) {}, nil)
	require.Equal(t, "asking: context canceled", got[0].Problem)
}

func TestPrinter(t *testing.T) {
	var out, screen bytes.Buffer
	targets := []reach.Target{{Path: "a"}, {Path: "sinks.b"}, {Path: "c"}, {Path: "d"}}
	p := reach.NewPrinter(&out, &screen, targets)
	p.Waiting([]string{"a", "sinks.b", "c", "d"})
	p.Result(reach.Result{Path: "a", OK: true, Found: "x"})
	p.Waiting([]string{"sinks.b"})
	p.Result(reach.Result{Path: "sinks.b", Problem: "y"})
	p.Waiting(nil)
	require.Equal(t, "a        ok     x\nsinks.b  wrong  y\n", out.String())
	require.Equal(t, "waiting for a, sinks.b, c and 1 more\r\x1b[Kwaiting for sinks.b\r\x1b[K", screen.String())
	quiet := reach.NewPrinter(&out, nil, targets)
	quiet.Waiting([]string{"a"})
	quiet.Result(reach.Result{Path: "a", OK: true})
}
