package chime_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/chime"
)

func BenchmarkRead(b *testing.B) {
	one := string(load(b, "eventbridge", "chime.AttendeeJoined"))
	for _, c := range []struct{ name, body string }{
		{"EventBridge", one},
		{"Direct", string(load(b, "direct", "chime.AttendeeJoined"))},
		{"SNS", string(load(b, "sns", "chime.AttendeeJoined"))},
		{"VoiceAnalytics", string(load(b, "direct", "voice-analytics.IdentificationSuccessful"))},
		{"VoiceConnector", string(load(b, "direct", "voice-connector.ENDED"))},
		{"BatchOf100", `[` + strings.Repeat(one+`,`, 99) + one + `]`},
	} {
		b.Run(c.name, func(b *testing.B) {
			body := []byte(c.body)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			var items []chime.Item
			for b.Loop() {
				items = chime.Read(items[:0], body, arrival)
			}
			for _, item := range items {
				require.NoError(b, item.Err)
			}
		})
	}
}

func TestReadStaysCheap(t *testing.T) {
	body := load(t, "eventbridge", "chime.AttendeeJoined")
	items := make([]chime.Item, 0, 1)
	allocations := testing.AllocsPerRun(1000, func() { items = chime.Read(items[:0], body, arrival) })
	// 2 are the key and the attendee; the race detector empties free lists now and then, which adds 1 or 2.
	require.LessOrEqual(t, allocations, 4.0)
}
