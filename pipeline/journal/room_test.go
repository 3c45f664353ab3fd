package journal

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestRoomHasNoneBeforeItIsMeasured(t *testing.T) {
	var r room
	require.False(t, r.take(1))
	r.measured(r.mark(), 10)
	require.True(t, r.take(10))
	require.False(t, r.take(1))
	r.settle(10, false)
	require.True(t, r.take(10), "what was not stored takes no room")
	r.settle(10, true)
	require.False(t, r.take(1))
}

// TestRoomIsNeverOverdrawn lets appends and measurements of a stream overlap in any way and expects the stream never to hold
// more than its limit.
func TestRoomIsNeverOverdrawn(t *testing.T) {
	const limit = 100
	rapid.Check(t, func(t *rapid.T) {
		var r room
		var flying, unheard []int64 // with the server; stored, and the append does not know yet
		inStream, mark, seen := int64(0), int64(0), int64(-1)
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				if inStream > limit {
					t.Fatalf("%d bytes of %d", inStream, limit)
				}
			},
			"begin": func(t *rapid.T) {
				size := rapid.Int64Range(10, 60).Draw(t, "size")
				switch at := rapid.SampledFrom([]string{"flying", "stored", "heard", "heard"}).Draw(t, "gets to be"); {
				case !r.take(size):
				case at == "flying":
					flying = append(flying, size)
				case at == "stored":
					inStream += size
					unheard = append(unheard, size)
				default:
					inStream += size
					r.settle(size, true)
				}
			},
			"store": func(*rapid.T) {
				if len(flying) > 0 {
					inStream += flying[0]
					unheard, flying = append(unheard, flying[0]), flying[1:]
				}
			},
			"refuse": func(*rapid.T) {
				if len(flying) > 0 {
					r.settle(flying[0], false)
					flying = flying[1:]
				}
			},
			"hear": func(*rapid.T) {
				if len(unheard) > 0 {
					r.settle(unheard[0], true)
					unheard = unheard[1:]
				}
			},
			"ask":  func(*rapid.T) { mark, seen = r.mark(), -1 },
			"look": func(*rapid.T) { seen = inStream },
			"answer": func(*rapid.T) {
				if seen >= 0 {
					r.measured(mark, limit-seen)
				}
			},
			"purge": func(*rapid.T) {
				if seen < 0 { // A purge after the look is seen by the next one.
					inStream /= 2
				}
			},
		})
	})
}
