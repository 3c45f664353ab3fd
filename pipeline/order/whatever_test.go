package order_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/order"
)

// TestWhateverComes lets events and copies come in any order while log time jumps about, holds bite and the process starts anew
// at any step, in every mode: nothing is lost, nothing leaves twice, and never is more held than the limits allow.
func TestWhateverComes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		script := people(t, 0)
		c := config(rapid.SampledFrom([]order.Mode{order.ModeNone, order.ModeTime, order.ModeCausal, order.ModeAdaptive}).Draw(t, "mode"))
		limits := order.Limits{Events: rapid.IntRange(0, 12).Draw(t, "limit"), Bytes: rapid.IntRange(0, 600).Draw(t, "bytes")}
		jumps := rapid.Bool().Draw(t, "jumps")
		b := order.New[int](c, limits)
		var out []order.Entry[int]
		for i := range script {
			a := &script[i]
			if jumps {
				a.at = rapid.Int64Range(-50, 50).Draw(t, "at")
			}
			a.e.Source = rapid.SampledFrom([]string{"queue", "topic"}).Draw(t, "source")
			b.Push(instant(a.at), a.e)
			requireBounded(t, b, limits, script)
			if rapid.Bool().Draw(t, "copied") {
				again := script[rapid.IntRange(0, i).Draw(t, "again")].e
				again.Source = rapid.SampledFrom([]string{"queue", "topic"}).Draw(t, "copy")
				b.Copy(instant(a.at), again)
			}
			out = b.Due(out, instant(a.at))
			if rapid.IntRange(0, 9).Draw(t, "restarts") == 0 {
				b = restarted(c, limits, script[:i+1], out)
				requireBounded(t, b, limits, script)
			}
		}
		out = b.Due(out, instant(latest(script)+60_000))
		require.Zero(t, b.Held())
		requireOnce(t, script, out)
	})
}

// requireBounded expects no more to be held than the limits allow.
func requireBounded(t *rapid.T, b *order.Buffer[int], limits order.Limits, script []arrival) {
	require.LessOrEqual(t, b.Held(), limits.Events)
	least := script[0].e.Size
	for _, a := range script {
		least = min(least, a.e.Size)
	}
	require.LessOrEqual(t, b.Held()*least, limits.Bytes)
}

// restarted returns a new buffer that was told of what left, and to which the rest came again.
func restarted(c order.Config, limits order.Limits, came []arrival, out []order.Entry[int]) *order.Buffer[int] {
	b := order.New[int](c, limits)
	left := map[int]bool{}
	for _, e := range out {
		left[e.Payload] = true
		b.Restore(instant(latest(came)), e)
	}
	for _, a := range came {
		if !left[a.e.Payload] {
			b.Push(instant(a.at), a.e)
		}
	}
	return b
}
