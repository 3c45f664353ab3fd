package sns_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/connectors/connectortest"
	"carillon/connectors/sns"
	"carillon/pipeline"
)

func TestAcceptance(t *testing.T) { connectortest.Source(t, newSuiteDriver) }

const (
	suiteSecret = "hunter2"
	// redelivery is how long SNS waits, by its own clock, which the suite moves on, before it delivers again.
	redelivery = 20 * time.Second
)

// posted is what of a message of SNS matters to the suite.
type posted struct{ Type, Message, Token string }

// newSuiteDriver has a topic at awslocal whose deliveries are confirmed to go to the listener.
func newSuiteDriver(t *testing.T) connectortest.SourceDriver {
	t.Helper()
	server, err := awslocal.Start(awslocal.Options{
		Redelivery: awslocal.Redelivery{Retries: 100, Delay: redelivery, Timeout: 3 * time.Second},
	})
	require.NoError(t, err)
	arn, err := server.CreateTopic("chime")
	require.NoError(t, err)
	// SNS repeats what was answered with 500 or more, and nothing else.
	listener := connectortest.NewListener(readNotification, func(status int) bool { return status < http.StatusInternalServerError })
	subscribe(t, server, listener, arn)
	source := func(set pipeline.Settings, mux pipeline.Mux) (pipeline.Source, error) {
		cfg := sns.DefaultConfig()
		cfg.TopicArns, cfg.Endpoint = []string{arn}, server.Endpoint()
		cfg.AccessKeyID, cfg.SecretAccessKey = pipeline.NewSecret("AKIDLOCAL"), pipeline.NewSecret(suiteSecret)
		if err := cfg.Validate(); err != nil {
			return nil, err
		}
		set.HTTP, set.Clock = mux, server.Now
		return sns.FactoryWith(sns.Options{CertTransport: server.CertTransport()}).New(&cfg, set)
	}
	return connectortest.SourceDriver{
		Open:     func(set pipeline.Settings) (pipeline.Source, error) { return source(set, listener.Mux()) },
		Misplace: func(set pipeline.Settings) (pipeline.Source, error) { return source(set, connectortest.TakenMux()) },

		MisplacedName: "/sns",
		Put: func(bodies ...string) {
			listener.Expect(bodies...)
			for _, b := range bodies {
				require.NoError(t, server.Notify(arn, b))
			}
		},
		Pending: listener.Pending, Taken: listener.Taken, MostTaken: 16, // as many as awslocal delivers at once
		Again:  func() { server.Advance(redelivery) },
		Unwrap: func(body []byte) string { message, _ := readNotification(body); return message },
		Drain:  12 * time.Second, Secrets: []string{suiteSecret},
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

func readNotification(body []byte) (message string, ok bool) {
	var p posted
	err := json.Unmarshal(body, &p)
	return p.Message, err == nil && p.Type == "Notification"
}

// subscribe subscribes the listener to a topic and confirms that itself, so that notifications may come before a source.
func subscribe(t *testing.T, server *awslocal.Server, listener *connectortest.Listener, arn string) {
	t.Helper()
	tokens := make(chan string, 1)
	listener.Handle(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var p posted
		if json.Unmarshal(body, &p) == nil && p.Token != "" {
			tokens <- p.Token
		}
	}))
	transport := &http.Transport{DisableKeepAlives: true}
	api := awssns.New(awssns.Options{
		Region: server.Region(), BaseEndpoint: aws.String(server.Endpoint()), HTTPClient: &http.Client{Transport: transport},
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := api.Subscribe(ctx, &awssns.SubscribeInput{
		TopicArn: &arn, Protocol: aws.String("http"), Endpoint: aws.String(listener.URL("/sns")),
	})
	require.NoError(t, err)
	var token string
	select {
	case token = <-tokens:
	case <-ctx.Done():
		require.FailNow(t, "no token came")
	}
	_, err = api.ConfirmSubscription(ctx, &awssns.ConfirmSubscriptionInput{TopicArn: &arn, Token: &token})
	require.NoError(t, err)
	listener.Handle(nil)
}
