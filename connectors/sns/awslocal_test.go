package sns_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/connectors/receive/receivetest"
	"carillon/connectors/sns"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

// local is SNS on loopback with a topic, and a socket that sources are put behind.
type local struct {
	server  *awslocal.Server
	topic   string
	factory pipeline.SourceFactory
	front   *httptest.Server
	handler atomic.Pointer[http.Handler]
}

func startLocal(t *testing.T) *local {
	t.Helper()
	server, err := awslocal.Start(awslocal.Options{Redelivery: awslocal.Redelivery{Retries: 10, Delay: 10 * time.Millisecond}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close(context.WithoutCancel(t.Context()))) })
	l := &local{server: server}
	l.topic, err = server.CreateTopic("chime")
	require.NoError(t, err)
	transport := server.CertTransport()
	t.Cleanup(transport.CloseIdleConnections)
	l.factory = sns.FactoryWith(sns.Options{CertTransport: transport})
	l.front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*l.handler.Load()).ServeHTTP(w, r) }))
	t.Cleanup(l.front.Close)
	return l
}

// config subscribes to the socket, unless change undoes that.
func (l *local) config(t *testing.T, change func(*sns.Config)) *sns.Config {
	t.Helper()
	cfg, ok := l.factory.Config().(*sns.Config)
	require.True(t, ok)
	cfg.TopicArns, cfg.Endpoint, cfg.Subscribe.Endpoint = []string{l.topic}, l.server.Endpoint(), l.front.URL+"/sns"
	cfg.AccessKeyID, cfg.SecretAccessKey = pipeline.NewSecret("local"), pipeline.NewSecret("local")
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	return cfg
}

// build puts a new source behind the socket.
func (l *local) build(t *testing.T, change func(*sns.Config)) *harness {
	t.Helper()
	h := &harness{registry: prometheus.NewRegistry(), log: &receivetest.Log{}}
	mux := &receivetest.Mux{}
	var err error
	h.source, err = l.factory.New(l.config(t, change), pipeline.Settings{
		ID: "topic", Logger: slog.New(slog.NewJSONHandler(h.log, nil)), Registerer: h.registry, Clock: l.server.Now, HTTP: mux,
	})
	require.NoError(t, err)
	h.handler = mux
	l.handler.Store(&h.handler)
	return h
}

// TestSubscribedToLocalSNS goes the whole way over sockets: subscribe, confirm, messages of both signature versions, a
// journal that is away at first, and raw delivery with a password.
func TestSubscribedToLocalSNS(t *testing.T) {
	for name, change := range map[string]func(*sns.Config){
		"open": nil,
		"with a password": func(c *sns.Config) {
			c.Basic, c.Raw = sns.BasicConfig{Username: "topic", Password: pipeline.NewSecret("p@ss/word")}, true
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := startLocal(t)
			h, out := l.build(t, change), &pipelinetest.Emitter{}
			var away atomic.Int32
			away.Store(2)
			out.Decide(func(pipeline.Notification) error {
				if away.Add(-1) >= 0 {
					return errAway
				}
				return nil
			})
			h.run(t, out)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			require.Eventually(t, func() bool { return h.outcomes(t)["confirmed"] == 1 }, 20*time.Second, 5*time.Millisecond, h.log)
			l.deliver(ctx, t, h, out)
			require.GreaterOrEqual(t, h.outcomes(t)["not_stored"], 2)
			require.Equal(t, map[string]int{"good": 1, "refused": 0, "unavailable": 0}, h.fetches(t))
			require.Equal(t, h.outcomes(t)["refused"], h.refusals(t)["method"], "the probe of run and nothing else")
			require.Equal(t, change != nil, h.outcomes(t)["challenged"] > 0, "SNS sends the password when it is asked for it")
			if change != nil {
				l.deliverRaw(ctx, t, out)
			}
		})
	}
}

func (l *local) api() *awssns.Client {
	return awssns.New(awssns.Options{
		Region: l.server.Region(), BaseEndpoint: aws.String(l.server.Endpoint()),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

// deliver sends 20 messages of each signature version.
func (l *local) deliver(ctx context.Context, t *testing.T, h *harness, out *pipelinetest.Emitter) {
	t.Helper()
	want := map[string]bool{}
	for i := range 40 {
		if i == 20 {
			_, err := l.api().SetTopicAttributes(ctx, &awssns.SetTopicAttributesInput{
				TopicArn: aws.String(l.topic), AttributeName: aws.String("SignatureVersion"), AttributeValue: aws.String("2"),
			})
			require.NoError(t, err)
		}
		text := fmt.Sprintf("%s %d Grüße\n\t🔔", event, i)
		want[text] = true
		require.NoError(t, l.server.Notify(l.topic, text))
	}
	require.Eventually(t, func() bool { return h.outcomes(t)["not_stored"] == 2 }, 20*time.Second, 5*time.Millisecond)
	l.server.Advance(6 * time.Second) // past the first pause of the delivery policy
	require.NoError(t, out.Wait(ctx, len(want)), h.log)
	got := map[string]bool{}
	for _, n := range out.Stored() {
		got[unwrapped(t, n.Body)] = true
	}
	require.Equal(t, want, got)
}

// deliverRaw turns raw delivery on, as somebody might do who does not know better, and sends one message.
func (l *local) deliverRaw(ctx context.Context, t *testing.T, out *pipelinetest.Emitter) {
	t.Helper()
	page, err := l.api().ListSubscriptionsByTopic(ctx, &awssns.ListSubscriptionsByTopicInput{TopicArn: aws.String(l.topic)})
	require.NoError(t, err)
	_, err = l.api().SetSubscriptionAttributes(ctx, &awssns.SetSubscriptionAttributesInput{
		SubscriptionArn: page.Subscriptions[0].SubscriptionArn, AttributeName: aws.String("RawMessageDelivery"), AttributeValue: aws.String("true"),
	})
	require.NoError(t, err)
	before := len(out.Stored())
	require.NoError(t, l.server.Notify(l.topic, event))
	require.NoError(t, out.Wait(ctx, before+1))
	got := out.Stored()[before]
	require.True(t, bytes.Equal([]byte(event), got.Body), "as it was published")
	require.NotEmpty(t, got.Trace)
}
