//go:build integration

package sqs_test

import (
	"testing"

	"carillon/connectors/connectortest"
	"carillon/connectors/entries/entriestest"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// onFauxqs returns a queue at fauxqs and a front before it.
func onFauxqs(t *testing.T, fifo bool) (front *entriestest.Front, queue string) {
	t.Helper()
	p := newPlace(t, fauxqs(t))
	front = entriestest.NewFront(t, p.endpoint)
	if fifo {
		return front, p.fifo(t)
	}
	return front, p.queue(t, 30)
}

func TestSinkOnFauxqs(t *testing.T) {
	for name, fifo := range kinds() {
		t.Run(name, func(t *testing.T) {
			connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
				t.Helper()
				front, queue := onFauxqs(t, fifo)
				return connectortest.SinkDriver{
					Open: func() pipeline.Sink { return openSink(t, front.URL(), queue) },
					Accepted: func() []chime.Identity {
						return entriestest.Identities(t, inspect(t, fauxqs(t), queue), entriestest.OfJSON)
					},
					Stall: front.Stall, Cut: front.Cut, Secrets: []string{secret},
					Waived: map[connectortest.Ability]string{connectortest.Refuse: "fauxqs refuses no entry by what is in it; awslocal does"},
				}
			})
		})
	}
}

// TestFaultsOnFauxqs: a FIFO queue drops what is sent again, so it has every event once.
func TestFaultsOnFauxqs(t *testing.T) {
	for name, fifo := range kinds() {
		t.Run(name, func(t *testing.T) {
			front, queue := onFauxqs(t, fifo)
			connectortest.Faults(t, connectortest.FaultDriver{
				Open: func() pipeline.Sink { return openSink(t, front.URL(), queue) },
				Accepted: func() []chime.Identity {
					return entriestest.Identities(t, inspect(t, fauxqs(t), queue), entriestest.OfJSON)
				},
				Cut: front.Cut, Errors: front.Errors, Delay: front.Delay, Restart: front.Restart, Once: fifo, Secrets: []string{secret},
			}, connectortest.FaultOptions{})
		})
	}
}
