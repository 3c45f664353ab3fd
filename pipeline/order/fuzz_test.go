package order_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/order"
)

// FuzzBuffer reads a script from bytes, five for each event: whatever log time does, in every mode nothing is lost or repeated
// and no more is held than the limits allow; with a total order nothing is out of it unmarked.
func FuzzBuffer(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 5, 1, 1, 1, 0, 5, 20, 3, 0, 1, 4}, byte(3), byte(0))
	f.Add([]byte{9, 3, 0, 0, 2, 9, 19, 0, 0, 2, 9, 3, 0, 0, 2}, byte(0), byte(1))
	f.Add([]byte{0, 22, 0, 0, 2, 1, 19, 0, 4, 2, 9, 3, 1, 2, 2, 9, 1, 1, 0, 200}, byte(9), byte(1))
	f.Add([]byte{0, 3, 0, 0, 2, 9, 19, 0, 8, 2, 30, 3, 0, 0, 2}, byte(5), byte(2))
	f.Fuzz(func(t *testing.T, script []byte, limit, mode byte) {
		modes := []order.Mode{order.ModeTime, order.ModeCausal, order.ModeAdaptive}
		m := modes[int(mode)%len(modes)]
		b := order.New[int](config(m), order.Limits{Events: int(limit), Bytes: 100 * int(limit)})
		var pushed []arrival
		var out []order.Entry[int]
		for ; len(script) >= 5; script = script[5:] {
			e := entry(len(pushed), uint16(script[4]))
			e.Kind, e.Attendee = manyKinds[int(script[1])%len(manyKinds)], string(rune('a'+script[2]%3))
			e.Role = []pipeline.Role{pipeline.RolePerson, pipeline.RolePerson, pipeline.RoleContent, pipeline.RoleService}[script[2]/3%4]
			e.Key, e.Time, e.Size = string(rune('m'+script[3]%2)), int64(script[3]/2%8), int(script[4])
			pushed = append(pushed, arrival{at: int64(int8(script[0])), e: e})
			b.Push(instant(pushed[len(pushed)-1].at), e)
			require.LessOrEqual(t, b.Held(), int(limit))
			out = b.Due(out, instant(int64(int8(script[4]))))
		}
		out = b.Due(out, instant(128+1000*window))
		requireOnce(t, pushed, out)
		require.Zero(t, b.Held())
		if m != order.ModeCausal {
			requireOrder(t, out)
		}
	})
}
