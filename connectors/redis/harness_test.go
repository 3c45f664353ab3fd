package redis_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/connectors/redis"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secret = "password-that-is-secret"
	soon   = 20 * time.Second
)

func open(t *testing.T, url string, changes ...func(*redis.Config)) pipeline.Sink {
	t.Helper()
	s, _ := openWith(t, url, changes...)
	return s
}

func openWith(t *testing.T, url string, changes ...func(*redis.Config)) (pipeline.Sink, *prometheus.Registry) {
	t.Helper()
	cfg := redis.DefaultConfig()
	cfg.URL = pipeline.NewSecret(url)
	for _, change := range changes {
		change(&cfg)
	}
	require.NoError(t, cfg.Validate())
	reg := prometheus.NewPedanticRegistry()
	s, err := redis.Factory().New(&cfg, pipeline.Settings{ID: "streams", Logger: slog.New(slog.DiscardHandler), Registerer: reg, Clock: time.Now})
	require.NoError(t, err)
	return s, reg
}

func event(n byte, key string) pipeline.Event {
	return pipeline.Event{
		ID: chime.Identity{15: n}, Key: key, Kind: "chime:AttendeeJoined", Time: time.UnixMilli(1760000000123), Source: "queue",
		Sequence: uint64(n), Epoch: 9, Body: []byte(`{"secret":"` + secret + `"}`),
	}
}

func requireClass(t *testing.T, err error, class pipeline.Class, text string) {
	t.Helper()
	require.ErrorContains(t, err, text)
	require.NotContains(t, err.Error(), secret)
	got, _ := pipeline.Classify(pipeline.FailedAt(err, 1)[0])
	require.Equal(t, class, got)
}
