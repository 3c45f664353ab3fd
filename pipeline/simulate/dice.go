package simulate

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"time"
)

// The streams of random numbers: each purpose draws from its own, so that a change to one path or one meeting leaves the
// others as they were.
const (
	streamMeetings = 1 << 32
	streamPaths    = 2 << 32
	streamStalls   = 3 << 32
	streamBursts   = 4 << 32
	streamRubbish  = 5 << 32
)

// dice draws from one stream of one seed.
type dice struct{ *rand.Rand }

func newDice(seed, stream uint64) dice {
	return dice{rand.New(rand.NewPCG(seed, stream))} //nolint:gosec // a run must be reproducible; nothing here is secret
}

// newDiceAt is newDice for one moment of the run, counted from its start.
func newDiceAt(seed, stream uint64, at time.Duration) dice {
	return newDice(seed^uint64(at), stream) //nolint:gosec // nothing arrives before the start, and any bits would do
}

// chance is true with probability p.
func (d dice) chance(p float64) bool { return d.Float64() < p }

// between is uniform from lo to hi, and lo when hi is not above it.
func (d dice) between(lo, hi float64) float64 {
	if hi <= lo {
		return lo
	}
	return lo + (hi-lo)*d.Float64()
}

// logNormal draws a delay from its median and 99th percentile.
func (d dice) logNormal(median, p99 time.Duration) time.Duration {
	const z99 = 2.3263478740408408 // the 99th percentile of the standard normal distribution
	sigma := math.Log(float64(p99)/float64(median)) / z99
	return time.Duration(float64(median) * math.Exp(sigma*d.NormFloat64()))
}

// uuid returns 32 hexadecimal digits grouped like a UUID. Like the ids of Chime it is not one by RFC 4122.
func (d dice) uuid() string {
	h := d.hex(16)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// hex returns n random bytes as 2n hexadecimal digits.
func (d dice) hex(n int) string {
	b := make([]byte, 0, n+8)
	for len(b) < n {
		b = binary.BigEndian.AppendUint64(b, d.Uint64())
	}
	return hex.EncodeToString(b[:n])
}
