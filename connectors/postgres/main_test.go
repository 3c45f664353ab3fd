package postgres_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/connectors/postgres"
	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/pipelinetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const secret = "password-that-is-secret"

func settings(reg prometheus.Registerer) pipeline.Settings {
	return pipeline.Settings{ID: "warehouse", Logger: slog.New(slog.DiscardHandler), Registerer: reg, Clock: time.Now}
}

func open(t *testing.T, url string, changes ...func(*postgres.Config)) pipeline.Sink {
	t.Helper()
	cfg := postgres.DefaultConfig()
	cfg.URL = pipeline.NewSecret(url)
	for _, change := range changes {
		change(&cfg)
	}
	require.NoError(t, cfg.Validate())
	s, err := postgres.Factory().New(&cfg, settings(prometheus.NewRegistry()))
	require.NoError(t, err)
	return s
}

func start(t *testing.T, s pipeline.Sink) {
	t.Helper()
	starter, ok := s.(pipeline.Starter)
	require.True(t, ok)
	require.NoError(t, starter.Start(t.Context()))
}

func closeSink(t *testing.T, s pipeline.Sink) {
	t.Helper()
	require.NoError(t, s.Close(context.WithoutCancel(t.Context())))
}

func event(n byte, key string) pipeline.Event {
	return pipeline.Event{
		ID: chime.Identity{15: n}, Key: key, Kind: "chime:MeetingStarted", Time: time.UnixMilli(1760000000123), Source: "queue",
		Received: time.UnixMilli(1760000000456), Sequence: uint64(n), Epoch: 9, Body: []byte(`{"detail": {"who":"somebody"}}`),
	}
}

// TestADatabaseThatIsAwayIsWaitedFor needs none: nobody listens at the address.
func TestADatabaseThatIsAwayIsWaitedFor(t *testing.T) {
	s := open(t, "postgres://user:"+secret+"@"+pipelinetest.FreeAddr(t)+"/db?sslmode=disable")
	defer closeSink(t, s)
	start(t, s)
	err := s.Write(t.Context(), []pipeline.Event{event(1, "m")})
	require.ErrorContains(t, err, "connection refused")
	require.NotContains(t, err.Error(), secret)
	class, _ := pipeline.Classify(err)
	require.Equal(t, pipeline.ClassRetry, class)
	require.NoError(t, s.Write(t.Context(), nil))
}

func TestStart_TellsAWrongURLWithoutQuotingIt(t *testing.T) {
	for name, query := range map[string]string{"a mode": "sslmode=hidden", "a file": "sslmode=verify-full&sslrootcert=/none/ca.pem"} {
		t.Run(name, func(t *testing.T) {
			s := open(t, "postgres://user:"+secret+"@127.0.0.1/db?"+query)
			defer closeSink(t, s)
			starter, ok := s.(pipeline.Starter)
			require.True(t, ok)
			err := starter.Start(t.Context())
			require.ErrorContains(t, err, "url: ")
			require.NotContains(t, err.Error(), secret)
		})
	}
}

func TestWrite_AfterCloseIsFatal(t *testing.T) {
	s := open(t, "postgres://127.0.0.1/db")
	start(t, s)
	closeSink(t, s)
	class, _ := pipeline.Classify(s.Write(t.Context(), []pipeline.Event{event(1, "m")}))
	require.Equal(t, pipeline.ClassFatal, class)
}

func TestNew_RefusesTheConfigurationOfAnother(t *testing.T) {
	_, err := postgres.Factory().New(nil, settings(nil))
	require.ErrorContains(t, err, `postgres sink "warehouse"`)
}

func TestMetrics_HaveEveryOutcomeFromTheStart(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	cfg := postgres.DefaultConfig()
	_, err := postgres.Factory().New(&cfg, settings(reg))
	require.NoError(t, err)
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP carillon_postgres_events_total Events by what became of them: a new row, a row that was there, or refused.
# TYPE carillon_postgres_events_total counter
carillon_postgres_events_total{outcome="rejected"} 0
carillon_postgres_events_total{outcome="repeated"} 0
carillon_postgres_events_total{outcome="stored"} 0
# HELP carillon_postgres_transactions_total Transactions by how they ended.
# TYPE carillon_postgres_transactions_total counter
carillon_postgres_transactions_total{outcome="committed"} 0
carillon_postgres_transactions_total{outcome="failed"} 0
carillon_postgres_transactions_total{outcome="rejected"} 0
`), "carillon_postgres_events_total", "carillon_postgres_transactions_total"))
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}
