package kafka_test

import (
	"testing"

	"carillon/connectors/connectortest"
	"carillon/pipeline"
)

func TestSink(t *testing.T) {
	connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
		t.Helper()
		f := newFarSide(t)
		return connectortest.SinkDriver{
			Open:     func() pipeline.Sink { return open(t, f) },
			Accepted: f.accepted, Refuse: f.refuse, Stall: f.proxy.Stall, Cut: f.proxy.Cut, Secrets: []string{secret},
		}
	})
}

func TestFaults(t *testing.T) {
	f := newFarSide(t)
	connectortest.Faults(t, connectortest.FaultDriver{
		Open:     func() pipeline.Sink { return open(t, f) },
		Accepted: f.accepted, Cut: f.proxy.Cut, Errors: f.errors, Delay: f.proxy.Delay, Restart: f.restart, Secrets: []string{secret},
	}, connectortest.FaultOptions{})
}
