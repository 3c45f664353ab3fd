package webhook

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/format"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// BenchmarkRequest is what the sink adds to a bare client: the request of one event, signed or not.
func BenchmarkRequest(b *testing.B) {
	e := pipeline.Event{
		ID: chime.Identity{1}, Key: "3f0c9a52-7b1e-4d27-9c44-51d0e6a72713", Kind: "chime:AttendeeJoined", Time: time.UnixMilli(1760000000123),
		Source: "queue", Sequence: 7, Epoch: 9, Body: []byte(`{"detail-type":"Chime Meeting State Change","source":"aws.chime","detail":{"eventType":"chime:AttendeeJoined"}}`),
	}
	for name, change := range map[string]func(*Config){
		"raw":         func(*Config) {},
		"signed":      func(c *Config) { c.Secret = pipeline.NewSecret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw") },
		"cloudevents": func(c *Config) { c.Format = format.CloudEvents },
	} {
		b.Run(name, func(b *testing.B) {
			cfg := DefaultConfig()
			address("http://127.0.0.1/hook")(&cfg)
			change(&cfg)
			built, err := newSink(cfg, pipeline.Settings{Registerer: prometheus.NewRegistry(), Clock: time.Now})
			require.NoError(b, err)
			s, ok := built.(*sink)
			require.True(b, ok)
			b.ReportAllocs()
			for b.Loop() {
				m, err := format.Encode(s.format, &e)
				require.NoError(b, err)
				s.newRequest(b.Context(), e.ID.String(), &m)
			}
		})
	}
}
