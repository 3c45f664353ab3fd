package sqs_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/connectors/connectortest"
	"carillon/connectors/entries/entriestest"
	"carillon/connectors/format"
	"carillon/connectors/sqs"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// openSink builds a sink that sends the JSON form, whose bodies tell the identity.
func openSink(t *testing.T, endpoint, queue string, changes ...func(*sqs.SinkConfig)) pipeline.Sink {
	t.Helper()
	cfg := sqs.DefaultSinkConfig()
	cfg.QueueURL, cfg.Region, cfg.Endpoint, cfg.Format = queue, region, endpoint, format.JSON
	cfg.AccessKeyID, cfg.SecretAccessKey = pipeline.NewSecret(keyID), pipeline.NewSecret(secret)
	for _, change := range changes {
		change(&cfg)
	}
	return entriestest.Build(t, sqs.SinkFactory(), &cfg)
}

func sinkEvent(n byte, key string) pipeline.Event {
	return pipeline.Event{ID: chime.Identity{15: n}, Key: key, Kind: "chime:MeetingStarted", Sequence: uint64(n), Epoch: 9, Body: []byte(`{"a": 1}`)}
}

func kinds() map[string]bool { return map[string]bool{"standard": false, "fifo": true} }

// local starts awslocal with a queue.
func local(t *testing.T, fifo bool) (l *entriestest.Local, queue string) {
	t.Helper()
	l = entriestest.StartLocal(t, entriestest.OfJSON)
	p := newPlace(t, l.Endpoint())
	if fifo {
		return l, p.fifo(t)
	}
	return l, p.queue(t, 30)
}

func TestSink(t *testing.T) {
	for name, fifo := range kinds() {
		t.Run(name, func(t *testing.T) {
			connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
				t.Helper()
				l, queue := local(t, fifo)
				d, _ := l.Drivers(t, queue, secret)
				d.Open = func() pipeline.Sink { return openSink(t, l.URL(), queue) }
				return d
			})
		})
	}
}

func TestFaults(t *testing.T) {
	for name, fifo := range kinds() {
		t.Run(name, func(t *testing.T) {
			l, queue := local(t, fifo)
			_, d := l.Drivers(t, queue, secret)
			d.Open = func() pipeline.Sink { return openSink(t, l.URL(), queue) }
			connectortest.Faults(t, d, connectortest.FaultOptions{})
		})
	}
}

func TestSink_SendsWhatIsKnownOfTheEvent(t *testing.T) {
	for name, fifo := range kinds() {
		t.Run(name, func(t *testing.T) {
			l, queue := local(t, fifo)
			s := openSink(t, l.Endpoint(), queue, func(c *sqs.SinkConfig) { c.Format = format.Raw })
			connectortest.StartSink(t, s)
			require.NoError(t, s.Write(t.Context(), []pipeline.Event{sinkEvent(7, "meeting 7")}))
			out, err := newPlace(t, l.Endpoint()).sqs.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{
				QueueUrl: &queue, MessageAttributeNames: []string{"All"},
				MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
			})
			require.NoError(t, err)
			require.Len(t, out.Messages, 1)
			got := map[string]string{}
			for name, value := range out.Messages[0].MessageAttributes {
				got[name] = *value.StringValue
			}
			require.Equal(t, map[string]string{
				"carillon-id": "00000000000000000000000000000007", "carillon-key": "meeting 7", "carillon-kind": "chime:MeetingStarted",
				"carillon-sequence": "7", "carillon-epoch": "9",
			}, got)
			require.Equal(t, `{"a": 1}`, *out.Messages[0].Body)
			if fifo {
				require.Equal(t, "meeting%207", out.Messages[0].Attributes["MessageGroupId"])
			}
		})
	}
}

// TestSink_NothingIsSentPastAFailure: the entries of a meeting never share a call, so none overtakes one that failed.
func TestSink_NothingIsSentPastAFailure(t *testing.T) {
	l, queue := local(t, true)
	s := openSink(t, l.Endpoint(), queue)
	connectortest.StartSink(t, s)
	es := []pipeline.Event{sinkEvent(1, "a"), sinkEvent(2, "b"), sinkEvent(3, "a"), sinkEvent(4, "b"), sinkEvent(5, "a")}
	l.Refuse(func(id chime.Identity) bool { return id == es[2].ID })
	answers := pipeline.FailedAt(s.Write(t.Context(), es), len(es))
	require.Equal(t, []chime.Identity{es[0].ID, es[1].ID, es[3].ID}, l.Accepted(t, queue))
	class, _ := pipeline.Classify(answers[2])
	require.Equal(t, pipeline.ClassReject, class)
	require.NotEmpty(t, pipeline.Excerpt(answers[2]))
	require.ErrorContains(t, answers[2], "InvalidMessageContents")
	class, _ = pipeline.Classify(answers[4])
	require.Equal(t, pipeline.ClassRetry, class, "what was not sent is not given up")
}

func TestSink_SplitsByTheLimitOfSQS(t *testing.T) {
	l, queue := local(t, false)
	s := openSink(t, l.Endpoint(), queue, func(c *sqs.SinkConfig) { c.Format = format.Raw })
	connectortest.StartSink(t, s)
	es := make([]pipeline.Event, 10)
	for i := range es {
		es[i] = sinkEvent(byte(i), strings.Repeat("k", i+1))
		es[i].Body = []byte(`"` + strings.Repeat("x", 300<<10) + `"`)
	}
	es[4].Body = []byte(strings.Repeat("x", 1<<20))
	es[5].Body = []byte("\x01")
	answers := pipeline.FailedAt(s.Write(t.Context(), es), len(es))
	for i, err := range answers {
		class, _ := pipeline.Classify(err)
		require.Equal(t, i == 4 || i == 5, err != nil && class == pipeline.ClassReject, "%d: %v", i, err)
	}
	bodies, err := l.Bodies(queue)
	require.NoError(t, err)
	require.Len(t, bodies, 8)
}

func TestSink_FindsItsQueueByName(t *testing.T) {
	l, queue := local(t, false)
	named := func(name string) func(*sqs.SinkConfig) {
		return func(c *sqs.SinkConfig) { c.QueueURL, c.Queue = "", name }
	}
	s := openSink(t, l.Endpoint(), "", named(queue[strings.LastIndex(queue, "/")+1:]))
	connectortest.StartSink(t, s)
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{sinkEvent(1, "m")}))
	require.Len(t, l.Accepted(t, queue), 1)

	missing := openSink(t, l.Endpoint(), "", named("missing"))
	connectortest.StartSink(t, missing)
	err := missing.Write(t.Context(), []pipeline.Event{sinkEvent(1, "m")})
	require.ErrorContains(t, err, "NonExistentQueue")
	class, _ := pipeline.Classify(err)
	require.Equal(t, pipeline.ClassRetry, class, "somebody will make it")
}

// TestSink_TableOfAnswers asks for every code both for an entry and for the call.
func TestSink_TableOfAnswers(t *testing.T) {
	const (
		retry    = pipeline.ClassRetry
		throttle = pipeline.ClassThrottle
		reject   = pipeline.ClassReject
	)
	l, queue := local(t, false)
	s := openSink(t, l.Endpoint(), queue)
	connectortest.StartSink(t, s)
	e := sinkEvent(1, "m")
	l.TableOfAnswers(t, s, &e, secret, map[string]pipeline.Class{
		"InvalidMessageContents": reject, "InvalidParameterValue": reject, "BatchRequestTooLong": reject,
		"ThrottlingException": throttle, "RequestThrottled": throttle, "OverLimit": throttle, "KmsThrottled": throttle,
		"QueueDoesNotExist": retry, "AWS.SimpleQueueService.NonExistentQueue": retry, "AccessDenied": retry, "AccessDeniedException": retry,
		"ExpiredToken": retry, "InvalidClientTokenId": retry, "SignatureDoesNotMatch": retry, "KmsAccessDenied": retry, "KmsDisabled": retry,
		"InvalidSecurity": retry, "InvalidAddress": retry, "UnsupportedOperation": retry, "MissingParameter": retry,
		"InternalError": retry, "InternalFailure": retry, "ServiceUnavailable": retry, "SomethingNew": retry,
	})
	l.SetFaults(awslocal.Faults{Call: func(context.Context, string) error {
		return &awslocal.APIError{Status: 503, Code: "InvalidParameterValue"}
	}})
	class, _ := pipeline.Classify(s.Write(t.Context(), []pipeline.Event{sinkEvent(1, "m")}))
	require.Equal(t, retry, class, "a server that fails refuses nothing")
}

func TestSink_AfterCloseIsFatal(t *testing.T) {
	entriestest.FatalAfterClose(t, openSink(t, "http://127.0.0.1:1", queueURL))
}

func TestSinkConfig_NamesEachKey(t *testing.T) {
	cfg := sqs.SinkConfig{Region: "x", Endpoint: "x", Format: "cloudevents-binary", RoleARN: "x", SecretAccessKey: pipeline.NewSecret("hunter2")}
	connectortest.Problems(t, cfg.Validate(), []string{"queue_url: ", "region: ", "endpoint: ", "format: ", "timeout: ", "access_key_id: ", "role_arn: "}, "hunter2")
	_, err := sqs.SinkFactory().New(nil, pipeline.Settings{ID: "out"})
	require.ErrorContains(t, err, `sqs sink "out"`)
}

// TestSink_MetricsBesideTheSource: a router may have both.
func TestSink_MetricsBesideTheSource(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	set := pipeline.Settings{ID: "both", Logger: slog.New(slog.DiscardHandler), Registerer: reg, Clock: time.Now}
	in, out := sqs.DefaultConfig(), sqs.DefaultSinkConfig()
	_, err := sqs.Factory().New(&in, set)
	require.NoError(t, err)
	_, err = sqs.SinkFactory().New(&out, set)
	require.NoError(t, err)
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}
