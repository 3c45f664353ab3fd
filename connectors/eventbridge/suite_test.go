package eventbridge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/connectors/connectortest"
	"carillon/connectors/eventbridge"
	"carillon/pipeline"
)

func TestAcceptance(t *testing.T) { connectortest.Source(t, newSuiteDriver) }

// newSuiteDriver has a bus at awslocal with an API destination that is the listener.
func newSuiteDriver(t *testing.T) connectortest.SourceDriver {
	t.Helper()
	server, err := awslocal.Start(awslocal.Options{})
	require.NoError(t, err)
	// EventBridge repeats what was answered with 5xx and a few others, drops all else, and so keeps neither.
	listener := connectortest.NewListener(
		func(body []byte) (string, bool) { return string(body), true },
		func(status int) bool {
			return status < http.StatusInternalServerError && status != http.StatusTooManyRequests
		},
	)
	bus := &suiteBus{server: server, to: awslocal.Destination{
		URL: listener.URL("/eventbridge"), KeyHeader: "x-api-key", Key: key, Rate: 10_000,
		Initial: time.Millisecond, Max: 10 * time.Millisecond,
	}}
	require.NoError(t, server.PutRule(awslocal.Rule{Name: "chime", Sources: []string{"aws.chime"}, Destination: &bus.to}))
	source := func(set pipeline.Settings, mux pipeline.Mux) (pipeline.Source, error) {
		cfg := eventbridge.DefaultConfig()
		cfg.Auth.APIKey.Value = pipeline.NewSecret(key)
		if err := cfg.Validate(); err != nil {
			return nil, err
		}
		set.HTTP = mux
		return eventbridge.Factory().New(&cfg, set)
	}
	return connectortest.SourceDriver{
		Open:     func(set pipeline.Settings) (pipeline.Source, error) { return source(set, listener.Mux()) },
		Misplace: func(set pipeline.Settings) (pipeline.Source, error) { return source(set, connectortest.TakenMux()) },

		MisplacedName: "/eventbridge",
		Put: func(bodies ...string) {
			listener.Expect(bodies...)
			for _, b := range bodies {
				require.NoError(t, bus.put(b))
			}
		},
		Pending: listener.Pending, Taken: listener.Taken, MostTaken: 16, // as many as awslocal delivers at once
		Again: func() { server.Advance(6 * time.Second) }, // past the Retry-After of 5 s
		Drain: 4 * time.Second, Secrets: []string{key},
		Waived: map[connectortest.Ability]string{
			connectortest.Cut: "it calls, and is not called", connectortest.Order: "its deliveries run side by side",
			connectortest.Complain: "a delivery is answered once",
		},
		Close: func() {
			listener.Close()
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			require.NoError(t, server.Close(ctx))
		},
	}
}

// suiteBus puts events on the bus, and what is no event as the input of a rule of its own.
type suiteBus struct {
	server *awslocal.Server
	to     awslocal.Destination
	rules  int
}

func (b *suiteBus) put(body string) error {
	var event struct {
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
	}
	if json.Unmarshal([]byte(body), &event) == nil && event.Source != "" && event.DetailType != "" {
		return b.server.Inject([]byte(body))
	}
	b.rules++
	name := fmt.Sprintf("input-%d", b.rules)
	if err := b.server.PutRule(awslocal.Rule{Name: name, Sources: []string{name}, Input: body, Destination: &b.to}); err != nil {
		return err
	}
	return b.server.Inject(fmt.Appendf(nil, `{"source":%q,"detail-type":"test","detail":{}}`, name))
}
