package order_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/order"
)

// FuzzBuffer reads a script from bytes, five for each event: nothing is lost, repeated or out of order unmarked, whatever
// log time does.
func FuzzBuffer(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 5, 1, 1, 1, 0, 5, 20, 3, 0, 1, 4}, byte(3))
	f.Add([]byte{9, 3, 0, 0, 2, 9, 19, 0, 0, 2, 9, 3, 0, 0, 2}, byte(0))
	f.Fuzz(func(t *testing.T, script []byte, limit byte) {
		b := newBuffer(order.Limits{Events: int(limit), Bytes: 100 * int(limit)})
		var pushed []arrival
		var out []order.Entry[int]
		for ; len(script) >= 5; script = script[5:] {
			e := entry(len(pushed), uint16(script[4]))
			e.Kind, e.Attendee = manyKinds[int(script[1])%len(manyKinds)], string(rune('a'+script[2]%3))
			e.Key, e.Time, e.Size = string(rune('m'+script[3]%2)), int64(script[3]/2%8), int(script[4])
			pushed = append(pushed, arrival{at: int64(int8(script[0])), e: e})
			b.Push(instant(pushed[len(pushed)-1].at), e)
			require.LessOrEqual(t, b.Held(), int(limit))
			out = b.Due(out, instant(int64(int8(script[4]))))
		}
		out = b.Due(out, instant(128+window))
		requireOnce(t, pushed, out)
		requireOrder(t, out)
	})
}
