package eventbridge_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/connectors/connectortest"
	"carillon/connectors/entries/entriestest"
	"carillon/connectors/eventbridge"
	"carillon/connectors/format"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

const sinkSecret = "key-that-is-secret"

func openSink(t *testing.T, endpoint string, changes ...func(*eventbridge.SinkConfig)) pipeline.Sink {
	t.Helper()
	cfg := eventbridge.DefaultSinkConfig()
	cfg.Endpoint, cfg.Region = endpoint, "us-east-1"
	cfg.AccessKeyID, cfg.SecretAccessKey = pipeline.NewSecret("local"), pipeline.NewSecret(sinkSecret)
	for _, change := range changes {
		change(&cfg)
	}
	return entriestest.Build(t, eventbridge.SinkFactory(), &cfg)
}

func sinkEvent(n byte, key string) pipeline.Event {
	return pipeline.Event{
		ID: chime.Identity{15: n}, Key: key, Kind: "chime:MeetingStarted", Time: time.UnixMilli(1760000000123), Sequence: uint64(n), Epoch: 9,
		Body: []byte(`{"detail-type":"Chime Meeting State Change","source":"aws.chime","resources":["arn:a"],"detail":{"a": 1}}`),
	}
}

// putEvent is what a rule hands on.
type putEvent struct {
	Source     string          `json:"source"`
	DetailType string          `json:"detail-type"`
	Time       string          `json:"time"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

func (e *putEvent) identity() (chime.Identity, error) {
	for _, r := range e.Resources {
		if id, ok := strings.CutPrefix(r, "carillon-id="); ok {
			return chime.ParseIdentity(id)
		}
	}
	return chime.Identity{}, errors.New("no carillon-id")
}

// identityOf reads it out of what a rule hands on, or out of a detail in format json.
func identityOf(body string) (chime.Identity, error) {
	var e putEvent
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return chime.Identity{}, err
	}
	if e.Resources == nil {
		return entriestest.OfJSON(body)
	}
	return e.identity()
}

// watched starts awslocal with a rule that hands everything from the sink to a queue.
func watched(t *testing.T) (l *entriestest.Local, queue string) {
	t.Helper()
	l = entriestest.StartLocal(t, identityOf)
	queue, err := l.CreateQueue("watch")
	require.NoError(t, err)
	require.NoError(t, l.PutRule(awslocal.Rule{Name: "all", Sources: []string{"carillon.chime"}, Queue: queue}))
	return l, queue
}

// inJSON makes the detail tell the identity, which is how awslocal is told what to refuse.
func inJSON(c *eventbridge.SinkConfig) { c.Format = format.JSON }

func TestSink(t *testing.T) {
	connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
		t.Helper()
		l, queue := watched(t)
		d, _ := l.Drivers(t, queue, sinkSecret)
		d.Open = func() pipeline.Sink { return openSink(t, l.URL(), inJSON) }
		return d
	})
}

func TestFaults(t *testing.T) {
	l, queue := watched(t)
	_, d := l.Drivers(t, queue, sinkSecret)
	d.Open = func() pipeline.Sink { return openSink(t, l.URL(), inJSON) }
	connectortest.Faults(t, d, connectortest.FaultOptions{})
}

func TestSink_PutsWhatRulesMatch(t *testing.T) {
	known := []string{
		"carillon-id=00000000000000000000000000000007", "carillon-key=m", "carillon-kind=chime:MeetingStarted",
		"carillon-time=1760000000123", "carillon-sequence=7", "carillon-epoch=9",
	}
	for f, want := range map[format.Format]putEvent{
		format.EventBridge: {DetailType: "Chime Meeting State Change", Resources: append([]string{"arn:a"}, known...), Detail: []byte(`{"a":1}`)},
		format.JSON:        {DetailType: "chime:MeetingStarted", Resources: known},
		format.CloudEvents: {DetailType: "chime:MeetingStarted", Resources: known},
	} {
		l, queue := watched(t)
		s := openSink(t, l.Endpoint(), func(c *eventbridge.SinkConfig) { c.Format = f })
		connectortest.StartSink(t, s)
		require.NoError(t, s.Write(t.Context(), []pipeline.Event{sinkEvent(7, "m")}))
		bodies, err := l.Bodies(queue)
		require.NoError(t, err)
		require.Len(t, bodies, 1)
		var got putEvent
		require.NoError(t, json.Unmarshal([]byte(bodies[0]), &got))
		require.Equal(t, "carillon.chime", got.Source)
		require.Equal(t, "2025-10-09T08:53:20Z", got.Time)
		require.Equal(t, want.DetailType, got.DetailType)
		require.Equal(t, want.Resources, got.Resources)
		if want.Detail != nil {
			require.JSONEq(t, string(want.Detail), string(got.Detail))
			continue
		}
		require.Contains(t, string(got.Detail), `"id":"00000000000000000000000000000007"`)
	}
}

func TestSink_WhatCannotBePutIsRejectedAlone(t *testing.T) {
	l, queue := watched(t)
	s := openSink(t, l.Endpoint())
	connectortest.StartSink(t, s)
	es := make([]pipeline.Event, 8)
	for i := range es {
		es[i] = sinkEvent(byte(i), strings.Repeat("k", i+1))
		es[i].Body = []byte(`{"detail":{"a":"` + strings.Repeat("x", 300<<10) + `"}}`)
	}
	es[0].Body = []byte(`{"detail":1}`)
	es[2].Body = []byte(`{"detail":{"a":"` + strings.Repeat("x", 1<<20) + `"}}`)
	es[4].Body = []byte(`{"no":"detail"}`)
	es[5].Body = []byte(`{"detail":{},"resources":1}`)
	answers := pipeline.FailedAt(s.Write(t.Context(), es), len(es))
	for i, err := range answers {
		bad := i == 0 || i == 2 || i == 4 || i == 5
		class, _ := pipeline.Classify(err)
		require.Equal(t, bad, err != nil && class == pipeline.ClassReject, "%d: %v", i, err)
	}
	require.Len(t, l.Accepted(t, queue), 4)
}

// TestSink_TableOfAnswers asks for every code both for an entry and for the call.
func TestSink_TableOfAnswers(t *testing.T) {
	const (
		retry    = pipeline.ClassRetry
		throttle = pipeline.ClassThrottle
		reject   = pipeline.ClassReject
	)
	l, _ := watched(t)
	s := openSink(t, l.Endpoint())
	connectortest.StartSink(t, s)
	e := sinkEvent(1, "m")
	l.TableOfAnswers(t, s, &e, sinkSecret, map[string]pipeline.Class{
		"MalformedDetail": reject, "InvalidArgument": reject, "ValidationException": reject,
		"ThrottlingException": throttle, "LimitExceededException": throttle,
		"NotAuthorizedForSourceException": retry, "NotAuthorizedForDetailTypeException": retry, "InvalidAccountIdException": retry,
		"ResourceNotFoundException": retry, "AccessDeniedException": retry, "ExpiredTokenException": retry, "UnrecognizedClientException": retry,
		"InternalException": retry, "InternalFailure": retry, "ServiceUnavailable": retry, "OperationDisabledException": retry, "SomethingNew": retry,
	})
}

func TestSink_AfterCloseIsFatal(t *testing.T) {
	entriestest.FatalAfterClose(t, openSink(t, "http://127.0.0.1:1"))
}

func TestSinkConfig_NamesEachKey(t *testing.T) {
	const arn = "arn:aws:events:eu-west-1:111122223333:event-bus/chime"
	for name, row := range map[string]struct {
		change func(*eventbridge.SinkConfig)
		want   []string
	}{
		"defaults":       {func(*eventbridge.SinkConfig) {}, nil},
		"an ARN":         {func(c *eventbridge.SinkConfig) { c.Bus, c.Region = arn, "eu-west-1" }, nil},
		"another region": {func(c *eventbridge.SinkConfig) { c.Bus, c.Region = arn, "us-east-1" }, []string{"region: "}},
		"source of AWS":  {func(c *eventbridge.SinkConfig) { c.Source = "aws.chime" }, []string{"source: "}},
		"format":         {func(c *eventbridge.SinkConfig) { c.Format = format.Raw }, []string{"format: "}},
		"all at once": {
			func(c *eventbridge.SinkConfig) {
				*c = eventbridge.SinkConfig{Region: "x", Endpoint: "http://a:hunter2@x", AccessKeyID: pipeline.NewSecret("hunter2")}
			},
			[]string{"bus: ", "source: ", "format: ", "region: ", "endpoint: ", "timeout: ", "access_key_id: "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := eventbridge.DefaultSinkConfig()
			row.change(&cfg)
			connectortest.Problems(t, cfg.Validate(), row.want, "hunter2")
		})
	}
	_, err := eventbridge.SinkFactory().New(nil, pipeline.Settings{ID: "out"})
	require.ErrorContains(t, err, `eventbridge sink "out"`)
}

func TestSink_MetricsAreClean(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	cfg := eventbridge.DefaultSinkConfig()
	_, err := eventbridge.SinkFactory().New(&cfg, pipeline.Settings{ID: "out", Logger: slog.New(slog.DiscardHandler), Registerer: reg, Clock: time.Now})
	require.NoError(t, err)
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}
