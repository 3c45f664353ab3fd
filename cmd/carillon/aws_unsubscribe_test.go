package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
)

// TestAWSUnsubscribe subscribes an endpoint that nobody is behind, and takes it back: nobody had confirmed it.
func TestAWSUnsubscribe(t *testing.T) {
	srv, err := awslocal.Start(awslocal.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, srv.Close(t.Context())) })
	topic, err := srv.CreateTopic("chime")
	require.NoError(t, err)
	api := sns.New(sns.Options{
		Region: srv.Region(), BaseEndpoint: aws.String(srv.Endpoint()), Credentials: credentials.NewStaticCredentialsProvider("AKIDLOCAL", "local", ""),
	})
	_, err = api.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: &topic, Protocol: aws.String("http"), Endpoint: aws.String("http://127.0.0.1:1/sns")})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "carillon.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
sources:
  topic:
    {type: sns, topic_arns: ["`+topic+`"], endpoint: "`+srv.Endpoint()+`", access_key_id: AKIDLOCAL, secret_access_key: local,
     subscribe: {endpoint: "http://127.0.0.1:1/sns"}}
  plain: {type: sns, path: /plain, topic_arns: ["`+topic+`"]}
sinks:
  out: {type: stdout}
`), 0o600))
	out, err := carillon(t, "aws", "unsubscribe", "-c", file)
	require.NoError(t, err, out)
	require.Equal(t, "sources.topic: 0 ended, 1 were never confirmed\n", out)
	_, err = carillon(t, "aws", "unsubscribe", "-c", file, "--source", "plain")
	require.ErrorContains(t, err, "subscribe.endpoint")
	require.NoError(t, srv.Close(t.Context()))
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	_, err = carillon(t, "aws", "unsubscribe", "-c", file)
	require.ErrorContains(t, err, "sources.topic: unsubscribing")
}
