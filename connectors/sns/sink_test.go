package sns_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/entries/entriestest"
	"carillon/connectors/format"
	"carillon/connectors/sns"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

const sinkSecret = "key-that-is-secret"

// openSink builds a sink that sends the JSON form, whose bodies tell the identity.
func openSink(t *testing.T, endpoint, topic string, changes ...func(*sns.SinkConfig)) pipeline.Sink {
	t.Helper()
	cfg := sns.DefaultSinkConfig()
	cfg.TopicArn, cfg.Endpoint, cfg.Format = topic, endpoint, format.JSON
	cfg.AccessKeyID, cfg.SecretAccessKey = pipeline.NewSecret("local"), pipeline.NewSecret(sinkSecret)
	for _, change := range changes {
		change(&cfg)
	}
	return entriestest.Build(t, sns.SinkFactory(), &cfg)
}

func sinkEvent(n byte, key string) pipeline.Event {
	return pipeline.Event{ID: chime.Identity{15: n}, Key: key, Kind: "chime:MeetingStarted", Sequence: uint64(n), Epoch: 9, Body: []byte(`{"a": 1}`)}
}

// withQueue starts awslocal with a topic and a queue that gets what is published, as it is.
func withQueue(t *testing.T) (l *entriestest.Local, topic, queue string) {
	t.Helper()
	l = entriestest.StartLocal(t, entriestest.OfJSON)
	topic, err := l.CreateTopic("chime")
	require.NoError(t, err)
	queue, err = l.CreateQueue("watch")
	require.NoError(t, err)
	link(t, l.Endpoint(), topic, l.QueueARN("watch"))
	return l, topic, queue
}

// clients returns the clients of the SDK, which leave no connection open.
func clients(endpoint string) (*awssns.Client, *awssqs.Client) {
	cfg := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""), BaseEndpoint: &endpoint}
	return awssns.NewFromConfig(cfg, func(o *awssns.Options) { o.HTTPClient = once() }), awssqs.NewFromConfig(cfg, func(o *awssqs.Options) { o.HTTPClient = once() })
}

func link(t *testing.T, endpoint, topic, queueARN string) {
	t.Helper()
	api, _ := clients(endpoint)
	_, err := api.Subscribe(t.Context(), &awssns.SubscribeInput{
		TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: &queueARN, Attributes: map[string]string{"RawMessageDelivery": "true"},
	})
	require.NoError(t, err)
}

func TestSink(t *testing.T) {
	connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
		t.Helper()
		l, topic, queue := withQueue(t)
		d, _ := l.Drivers(t, queue, sinkSecret)
		d.Open = func() pipeline.Sink { return openSink(t, l.URL(), topic) }
		return d
	})
}

func TestFaults(t *testing.T) {
	l, topic, queue := withQueue(t)
	_, d := l.Drivers(t, queue, sinkSecret)
	d.Open = func() pipeline.Sink { return openSink(t, l.URL(), topic) }
	connectortest.Faults(t, d, connectortest.FaultOptions{})
}

func TestSink_SendsWhatIsKnownOfTheEvent(t *testing.T) {
	l, topic, queue := withQueue(t)
	s := openSink(t, l.Endpoint(), topic, func(c *sns.SinkConfig) { c.Format = format.Raw })
	connectortest.StartSink(t, s)
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{sinkEvent(7, "meeting 7")}))
	_, api := clients(l.Endpoint())
	out, err := api.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &queue, MessageAttributeNames: []string{"All"}})
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
}

func TestSink_SplitsByTheLimitOfSNS(t *testing.T) {
	l, topic, queue := withQueue(t)
	s := openSink(t, l.Endpoint(), topic, func(c *sns.SinkConfig) { c.Format = format.Raw })
	connectortest.StartSink(t, s)
	es := make([]pipeline.Event, 10)
	for i := range es {
		es[i] = sinkEvent(byte(i), strings.Repeat("k", i+1))
		es[i].Body = []byte(`"` + strings.Repeat("x", 100<<10) + `"`)
	}
	es[4].Body = []byte(strings.Repeat("x", 256<<10))
	es[5].Body = nil
	answers := pipeline.FailedAt(s.Write(t.Context(), es), len(es))
	for i, err := range answers {
		class, _ := pipeline.Classify(err)
		require.Equal(t, i == 4 || i == 5, err != nil && class == pipeline.ClassReject, "%d: %v", i, err)
	}
	bodies, err := l.Bodies(queue)
	require.NoError(t, err)
	require.Len(t, bodies, 8)
}

// TestSink_TableOfAnswers asks for every code both for an entry and for the call.
func TestSink_TableOfAnswers(t *testing.T) {
	const (
		retry    = pipeline.ClassRetry
		throttle = pipeline.ClassThrottle
		reject   = pipeline.ClassReject
	)
	l, topic, _ := withQueue(t)
	s := openSink(t, l.Endpoint(), topic)
	connectortest.StartSink(t, s)
	e := sinkEvent(1, "m")
	l.TableOfAnswers(t, s, &e, sinkSecret, map[string]pipeline.Class{
		"InvalidParameter": reject, "InvalidParameterValue": reject, "ParameterValueInvalid": reject, "BatchRequestTooLong": reject,
		"Throttled": throttle, "ThrottlingException": throttle, "KMSThrottling": throttle, "Throttling": throttle,
		"NotFound": retry, "AuthorizationError": retry, "EndpointDisabled": retry, "InvalidSecurity": retry, "KMSAccessDenied": retry,
		"KMSDisabled": retry, "KMSNotFound": retry, "KMSOptInRequired": retry, "KMSInvalidState": retry, "PlatformApplicationDisabled": retry,
		"ExpiredToken": retry, "InvalidClientTokenId": retry, "SignatureDoesNotMatch": retry, "AccessDenied": retry,
		"InternalError": retry, "InternalFailure": retry, "ServiceUnavailable": retry, "SomethingNew": retry,
	})
}

func TestSink_AfterCloseIsFatal(t *testing.T) {
	entriestest.FatalAfterClose(t, openSink(t, "http://127.0.0.1:1", topicArn))
}

func TestSinkConfig_NamesEachKey(t *testing.T) {
	cfg := sns.DefaultSinkConfig()
	for _, arn := range []string{topicArn, topicArn + ".fifo"} {
		cfg.TopicArn = arn
		require.NoError(t, cfg.Validate())
	}
	cfg = sns.SinkConfig{TopicArn: "chime", Endpoint: "http://a:hunter2@x", Format: "xml", SecretAccessKey: pipeline.NewSecret("hunter2")}
	connectortest.Problems(t, cfg.Validate(), []string{"topic_arn: ", "endpoint: ", "format: ", "timeout: ", "access_key_id: "}, "hunter2")
	_, err := sns.SinkFactory().New(nil, pipeline.Settings{ID: "out"})
	require.ErrorContains(t, err, `sns sink "out"`)
}

// TestSink_MetricsAreClean looks at the names.
func TestSink_MetricsAreClean(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	cfg := sns.DefaultSinkConfig()
	_, err := sns.SinkFactory().New(&cfg, pipeline.Settings{ID: "out", Logger: slog.New(slog.DiscardHandler), Registerer: reg, Clock: time.Now})
	require.NoError(t, err)
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// once returns a client that uses every connection once.
func once() *http.Client { return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} }
