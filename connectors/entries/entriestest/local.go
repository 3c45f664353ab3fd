package entriestest

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"testing"

	"carillon/connectors/awslocal"
	"carillon/connectors/connectortest"
	"carillon/pipeline/chime"
)

// Local is awslocal behind a Front.
type Local struct {
	*Front
	*awslocal.Server

	identity func(body string) (chime.Identity, error)

	mu      sync.Mutex
	refused func(chime.Identity) bool
	share   float64
}

// StartLocal starts awslocal until the test is over. identity reads the identity out of what it gets as a body.
func StartLocal(t *testing.T, identity func(body string) (chime.Identity, error)) *Local {
	t.Helper()
	server, err := awslocal.Start(awslocal.Options{})
	if err != nil {
		t.Fatalf("starting awslocal: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("closing awslocal: %v", err)
		}
	})
	l := &Local{Server: server, Front: NewFront(t, server.Endpoint()), identity: identity}
	server.SetFaults(awslocal.Faults{Entry: l.judge})
	return l
}

// judge answers for one entry.
func (l *Local) judge(operation, body string) *awslocal.APIError {
	if operation == "sqs:DeleteMessageBatch" {
		return nil
	}
	id, err := l.identity(body)
	if err != nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.refused != nil && l.refused(id):
		code := map[string]string{"sqs:SendMessageBatch": "InvalidMessageContents", "sns:PublishBatch": "InvalidParameter"}[operation]
		if code == "" {
			code = "MalformedDetail"
		}
		return &awslocal.APIError{Status: 400, Code: code, Message: body} // errors must not repeat it
	case rand.Float64() < l.share: //nolint:gosec // chance, no secret
		return &awslocal.APIError{Status: 500, Code: "InternalError", Message: body}
	}
	return nil
}

// Refuse fits SinkDriver.Refuse.
func (l *Local) Refuse(refused func(chime.Identity) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused = refused
}

// Errors fits FaultDriver.Errors. Entries fail as well as whole calls.
func (l *Local) Errors(share float64) (end func()) {
	over := l.Front.Errors(share)
	l.set(share)
	return func() {
		l.set(0)
		over()
	}
}

func (l *Local) set(share float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.share = share
}

// Accepted returns the identities of what a queue holds, in the order in which it came.
func (l *Local) Accepted(t *testing.T, queue string) []chime.Identity {
	t.Helper()
	bodies, err := l.Bodies(queue)
	if err != nil {
		t.Fatalf("reading queue %s: %v", queue, err)
	}
	return Identities(t, bodies, l.identity)
}

// Identities reads the identity out of every body.
func Identities(t *testing.T, bodies []string, identity func(body string) (chime.Identity, error)) []chime.Identity {
	t.Helper()
	out := make([]chime.Identity, len(bodies))
	for i, body := range bodies {
		var err error
		if out[i], err = identity(body); err != nil {
			t.Fatalf("reading an identity: %v", err)
		}
	}
	return out
}

// OfJSON reads the identity out of the JSON form of an event.
func OfJSON(body string) (chime.Identity, error) {
	var e struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return chime.Identity{}, err
	}
	return chime.ParseIdentity(e.ID)
}

// Drivers returns what both suites need of l, but for Open.
func (l *Local) Drivers(t *testing.T, queue string, secrets ...string) (connectortest.SinkDriver, connectortest.FaultDriver) {
	t.Helper()
	accepted := func() []chime.Identity { return l.Accepted(t, queue) }
	return connectortest.SinkDriver{Accepted: accepted, Refuse: l.Refuse, Stall: l.Stall, Cut: l.Cut, Secrets: secrets},
		connectortest.FaultDriver{
			Accepted: accepted, Cut: l.Cut, Errors: l.Errors, Delay: l.Delay, Restart: l.Restart, Secrets: secrets,
		}
}
