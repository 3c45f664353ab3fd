package awscmd_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"carillon/cmd/carillon/awscmd"
	"carillon/connectors"
	"carillon/connectors/awslocal"
	carillonsns "carillon/connectors/sns"
	"carillon/pipeline/config"
)

const apiKey = "a-long-and-random-key"

// cloud is an account that is set up as the documentation says, until a test changes it.
type cloud struct {
	*awslocal.Server

	sqs   *sqs.Client
	sns   *sns.Client
	scope awscmd.Scope
	// public is where the router could be reached.
	public       string
	queue        string
	topic        string
	subscription string
	// yaml is the configuration of the router.
	yaml string
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{}
	public, pool := c.router(t)
	c.public = public
	srv, err := awslocal.Start(awslocal.Options{Account: account, RootCAs: pool})
	require.NoError(t, err)
	transport := &http.Transport{}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		transport.CloseIdleConnections()
		require.NoError(t, srv.Close(ctx))
	})
	cfg := aws.Config{
		Region: srv.Region(), Credentials: credentials.NewStaticCredentialsProvider("AKIDLOCAL", "local", ""),
		BaseEndpoint: aws.String(srv.Endpoint()), HTTPClient: &http.Client{Transport: transport}, RetryMaxAttempts: 1,
	}
	c.Server, c.sqs, c.sns = srv, sqs.NewFromConfig(cfg), sns.NewFromConfig(cfg)
	c.scope, err = awscmd.NewScope(account, srv.Region(), awscmd.NamespaceMeetings, true)
	require.NoError(t, err)
	c.setUp(t)
	return c
}

// router stands for Carillon: it confirms a subscription with the token it is sent.
func (c *cloud) router(t *testing.T) (public string, pool *x509.CertPool) {
	t.Helper()
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Type, Token, TopicArn string }
		body, _ := io.ReadAll(r.Body)
		if json.Unmarshal(body, &in) == nil && in.Type == "SubscriptionConfirmation" && r.URL.Path == "/sns" {
			_, err := c.sns.ConfirmSubscription(r.Context(), &sns.ConfirmSubscriptionInput{TopicArn: &in.TopicArn, Token: &in.Token})
			if err != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}
	}))
	t.Cleanup(srv.Close)
	pool = x509.NewCertPool()
	pool.AddCert(srv.Certificate())
	return srv.URL, pool
}

// reset sets the account up anew: making a server costs two RSA keys.
func (c *cloud) reset(t *testing.T) {
	t.Helper()
	c.clear(t)
	c.setUp(t)
}

// clear empties the account.
func (c *cloud) clear(t *testing.T) {
	t.Helper()
	c.SetFaults(awslocal.Faults{})
	c.DeleteRule("chime")
	queues, err := c.sqs.ListQueues(t.Context(), &sqs.ListQueuesInput{})
	require.NoError(t, err)
	for _, url := range queues.QueueUrls {
		_, err := c.sqs.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &url})
		require.NoError(t, err)
	}
	_, err = c.sns.DeleteTopic(t.Context(), &sns.DeleteTopicInput{TopicArn: &c.topic})
	require.NoError(t, err)
}

func (c *cloud) setUp(t *testing.T) {
	t.Helper()
	writers := awscmd.Writers{Direct: true, Rules: []string{"chime"}, Topics: []string{"chime"}}
	c.createQueue(t, "chime-dead", map[string]string{
		"MessageRetentionPeriod": "1209600",
		"Policy":                 compact(t, awscmd.QueuePolicy(c.scope, "chime-dead", awscmd.Writers{Rules: []string{"chime"}, Topics: []string{"chime"}})),
	})
	c.queue = c.createQueue(t, "chime", map[string]string{
		"Policy": compact(t, awscmd.QueuePolicy(c.scope, "chime", writers)), "VisibilityTimeout": "60",
		"RedrivePolicy": `{"deadLetterTargetArn":"` + c.QueueARN("chime-dead") + `","maxReceiveCount":"10"}`,
	})
	out, err := c.sns.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("chime"), Attributes: map[string]string{
		"SignatureVersion": "2", "Policy": compact(t, awscmd.TopicPolicy(c.scope, "chime", awscmd.Writers{Direct: true})),
	}})
	require.NoError(t, err)
	c.topic = *out.TopicArn
	dead := `{"deadLetterTargetArn":"` + c.QueueARN("chime-dead") + `"}`
	c.subscribe(t, "sqs", c.QueueARN("chime"), nil)
	c.subscription = c.subscribe(t, "https", c.public+"/sns", map[string]string{
		"DeliveryPolicy": carillonsns.DeliveryPolicy(), "RedrivePolicy": dead,
	})
	require.NoError(t, c.PutRule(awslocal.Rule{
		Name: "chime", Sources: []string{"aws.chime"}, DetailTypes: awscmd.EventPattern().DetailType, Queue: "chime", DeadLetter: "chime-dead",
		Destination: &awslocal.Destination{
			URL: c.public + "/eventbridge", KeyHeader: "x-api-key", Key: apiKey, DeadLetter: "chime-dead",
		},
	}))
	c.configure()
}

// configure writes a configuration that names everything.
func (c *cloud) configure() {
	c.yaml = `
sources:
  queue: {type: sqs, queue_url: "` + c.queue + `", region: us-east-1, access_key_id: AKIDLOCAL, secret_access_key: local}
  topic:
    {type: sns, path: /sns, topic_arns: ["` + c.topic + `"], require_signature_version: 2, endpoint: "` + c.Endpoint() + `",
     access_key_id: AKIDLOCAL, secret_access_key: local}
  bus: {type: eventbridge, path: /eventbridge, auth: {api_key: {value: ` + apiKey + `}}}
sinks:
  out: {type: stdout}
`
}

func (c *cloud) createQueue(t *testing.T, name string, attributes map[string]string) string {
	t.Helper()
	out, err := c.sqs.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	require.NoError(t, err)
	return *out.QueueUrl
}

// subscribe waits until an endpoint has confirmed.
func (c *cloud) subscribe(t *testing.T, protocol, endpoint string, attributes map[string]string) string {
	t.Helper()
	out, err := c.sns.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: &c.topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: attributes, ReturnSubscriptionArn: true,
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		got, err := c.sns.GetSubscriptionAttributes(t.Context(), &sns.GetSubscriptionAttributesInput{SubscriptionArn: out.SubscriptionArn})
		return err == nil && got.Attributes["PendingConfirmation"] == "false"
	}, 20*time.Second, 5*time.Millisecond)
	return *out.SubscriptionArn
}

// setQueue changes attributes of a queue of that name.
func (c *cloud) setQueue(t *testing.T, name string, attributes map[string]string) {
	t.Helper()
	_, err := c.sqs.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: aws.String(c.QueueURL(name)), Attributes: attributes})
	require.NoError(t, err)
}

func (c *cloud) setTopic(t *testing.T, name, value string) {
	t.Helper()
	_, err := c.sns.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: &c.topic, AttributeName: &name, AttributeValue: &value})
	require.NoError(t, err)
}

func (c *cloud) setSubscription(t *testing.T, name, value string) {
	t.Helper()
	_, err := c.sns.SetSubscriptionAttributes(t.Context(), &sns.SetSubscriptionAttributesInput{
		SubscriptionArn: &c.subscription, AttributeName: &name, AttributeValue: &value,
	})
	require.NoError(t, err)
}

// putRule changes the rule; it begins as one that is right.
func (c *cloud) putRule(t *testing.T, change func(*awslocal.Rule)) {
	t.Helper()
	r := awslocal.Rule{
		Name: "chime", Sources: []string{"aws.chime"}, DetailTypes: awscmd.EventPattern().DetailType, Queue: "chime", DeadLetter: "chime-dead",
		Destination: &awslocal.Destination{URL: c.public + "/eventbridge", KeyHeader: "x-api-key", Key: apiKey, DeadLetter: "chime-dead"},
	}
	change(&r)
	require.NoError(t, c.PutRule(r))
}

// examine runs the doctor with the configuration.
func (c *cloud) examine(t *testing.T, o awscmd.Options) (*awscmd.Report, error) {
	t.Helper()
	loaded, err := config.LoadBytes("carillon.yaml", []byte(c.yaml), connectors.All(connectors.Options{}), nil)
	require.NoError(t, err)
	return awscmd.Examine(t.Context(), loaded, o)
}

func compact(t *testing.T, v any) string {
	t.Helper()
	text, err := awscmd.Compact(v)
	require.NoError(t, err)
	return text
}
