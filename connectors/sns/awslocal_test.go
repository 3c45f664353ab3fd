package sns_test

import (
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
	"carillon/connectors/sns"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

// TestSubscribedToLocalSNS goes the whole way over sockets: subscribe, confirm, messages of both signature versions, a
// journal that is away at first, and the end of the subscription.
func TestSubscribedToLocalSNS(t *testing.T) {
	server, err := awslocal.Start(awslocal.Options{Redelivery: awslocal.Redelivery{Retries: 10, Delay: 10 * time.Millisecond}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Close(context.WithoutCancel(t.Context()))) })
	arn, err := server.CreateTopic("chime")
	require.NoError(t, err)

	transport := server.CertTransport()
	t.Cleanup(transport.CloseIdleConnections)
	factory := sns.FactoryWith(sns.Options{CertTransport: transport})
	cfg, ok := factory.Config().(*sns.Config)
	require.True(t, ok)
	cfg.TopicArns, cfg.Endpoint = []string{arn}, server.Endpoint()
	require.NoError(t, cfg.Validate())
	h := &harness{registry: prometheus.NewRegistry(), log: &log{}}
	mux := listener{http.NewServeMux()}
	h.source, err = factory.New(cfg, pipeline.Settings{
		ID: "topic", Logger: slog.New(slog.NewJSONHandler(h.log, nil)), Registerer: h.registry, Clock: server.Now, HTTP: mux,
	})
	require.NoError(t, err)
	h.handler = mux
	out := &pipelinetest.Emitter{}
	var away atomic.Int32
	away.Store(2)
	out.Decide(func(pipeline.Notification) error {
		if away.Add(-1) >= 0 {
			return errAway
		}
		return nil
	})
	h.run(t, out)
	front := httptest.NewServer(mux)
	t.Cleanup(front.Close)

	api := awssns.New(awssns.Options{
		Region: server.Region(), BaseEndpoint: aws.String(server.Endpoint()),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, err = api.Subscribe(ctx, &awssns.SubscribeInput{
		TopicArn: aws.String(arn), Protocol: aws.String("http"), Endpoint: aws.String(front.URL + "/sns"),
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return h.outcomes(t)["confirmed"] == 1 }, 20*time.Second, 5*time.Millisecond, h.log)

	want := map[string]bool{}
	for i := range 40 {
		if i == 20 {
			_, err := api.SetTopicAttributes(ctx, &awssns.SetTopicAttributesInput{
				TopicArn: aws.String(arn), AttributeName: aws.String("SignatureVersion"), AttributeValue: aws.String("2"),
			})
			require.NoError(t, err)
		}
		text := fmt.Sprintf("%s %d Grüße\n\t🔔", event, i)
		want[text] = true
		require.NoError(t, server.Notify(arn, text))
	}
	require.NoError(t, out.Wait(ctx, len(want)), h.log)
	got := map[string]bool{}
	for _, n := range out.Stored() {
		got[unwrapped(t, n.Body)] = true
	}
	require.Equal(t, want, got)
	require.GreaterOrEqual(t, h.outcomes(t)["not_stored"], 2)
	require.Equal(t, map[string]int{"good": 1, "refused": 0, "unavailable": 0}, h.fetches(t))
}
