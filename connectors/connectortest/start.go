package connectortest

import (
	"context"
	"testing"

	"carillon/pipeline"
)

// StartSink starts a sink that is a pipeline.Starter, and closes it when the test is over.
func StartSink(t *testing.T, s pipeline.Sink) {
	t.Helper()
	starter, ok := s.(pipeline.Starter)
	if !ok {
		t.Fatalf("a %T is no pipeline.Starter", s)
	}
	if err := starter.Start(t.Context()); err != nil {
		t.Fatalf("starting the sink: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("closing the sink: %v", err)
		}
	})
}
