package nats_test

import (
	"testing"
	"time"

	"carillon/connectors/connectortest"
	"carillon/connectors/nats"
	"carillon/pipeline"
)

func TestSink_JetStream(t *testing.T) {
	connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
		t.Helper()
		f := newFarSide(t)
		r := f.relay()
		proxy := connectortest.NewProxy(t, f.addr())
		return connectortest.SinkDriver{
			Open: func() pipeline.Sink {
				return open(t, proxy.Addr(), within(time.Minute), func(c *nats.Config) { c.Subject = "in.{key}" })
			},
			Accepted: f.accepted, Refuse: r.refuse, Stall: r.Stall, Cut: proxy.Cut, Secrets: []string{secret},
		}
	})
}

func TestSink_Core(t *testing.T) {
	connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
		t.Helper()
		f := newFarSide(t)
		l := f.listen()
		proxy := connectortest.NewProxy(t, f.addr())
		return connectortest.SinkDriver{
			Open:     func() pipeline.Sink { return open(t, proxy.Addr(), core, within(time.Minute)) },
			Accepted: l.accepted, Stall: proxy.Stall, Cut: proxy.Cut, Secrets: []string{secret},
			Waived: map[connectortest.Ability]string{
				connectortest.Refuse: "a server without JetStream answers no message by itself",
			},
		}
	})
}

func TestFaults_JetStream(t *testing.T) {
	f := newFarSide(t)
	proxy := connectortest.NewProxy(t, f.addr())
	connectortest.Faults(t, connectortest.FaultDriver{
		Open:     func() pipeline.Sink { return open(t, proxy.Addr(), within(2*time.Second)) },
		Accepted: f.accepted, Cut: proxy.Cut, Errors: proxy.Errors, Delay: proxy.Delay, Restart: f.restart,
		Once:    true, // within the duplicate window
		Secrets: []string{secret},
	}, connectortest.FaultOptions{Share: 0.15})
}

func TestFaults_Core(t *testing.T) {
	f := newFarSide(t)
	l := f.listen()
	proxy := connectortest.NewProxy(t, f.addr())
	connectortest.Faults(t, connectortest.FaultDriver{
		Open:     func() pipeline.Sink { return open(t, proxy.Addr(), core, within(2*time.Second)) },
		Accepted: l.accepted, Cut: proxy.Cut, Errors: proxy.Errors, Delay: proxy.Delay, Secrets: []string{secret},
		Waived: map[connectortest.Ability]string{
			connectortest.Restart: "core NATS keeps nothing: what is sent before a subscriber is back is for nobody",
		},
	}, connectortest.FaultOptions{Share: 0.15})
}
