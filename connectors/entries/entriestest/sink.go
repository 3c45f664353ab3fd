package entriestest

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/pipeline"
)

// Build builds a sink, which is not started, of a configuration that has to be valid.
func Build(t *testing.T, factory pipeline.SinkFactory, cfg pipeline.Config) pipeline.Sink {
	t.Helper()
	require.NoError(t, cfg.Validate())
	s, err := factory.New(cfg, pipeline.Settings{
		ID: "out", Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Clock: time.Now,
	})
	require.NoError(t, err)
	return s
}

// TableOfAnswers answers e with every code of want, both for the entry and for the call, and wants the error to be of the class
// beside it. secret is in the text of every answer, and must not be in an error.
func (l *Local) TableOfAnswers(t *testing.T, s pipeline.Sink, e *pipeline.Event, secret string, want map[string]pipeline.Class) {
	t.Helper()
	for code, class := range want {
		answer := &awslocal.APIError{Status: 400, Code: code, Message: secret}
		for what, faults := range map[string]awslocal.Faults{
			"entry": {Entry: func(string, string) *awslocal.APIError { return answer }},
			"call":  {Call: func(context.Context, string) error { return answer }},
		} {
			l.SetFaults(faults)
			err := s.Write(t.Context(), []pipeline.Event{*e})
			require.ErrorContains(t, err, code, what)
			require.NotContains(t, err.Error(), secret)
			got, _ := pipeline.Classify(err)
			require.Equal(t, class, got, "%s: %s", what, code)
		}
	}
}

// FatalAfterClose closes a sink that was not started: what it is given after that is not for a later try.
func FatalAfterClose(t *testing.T, s pipeline.Sink) {
	t.Helper()
	require.NoError(t, s.Close(t.Context()))
	class, _ := pipeline.Classify(s.Write(t.Context(), []pipeline.Event{{Key: "m"}}))
	require.Equal(t, pipeline.ClassFatal, class)
}
