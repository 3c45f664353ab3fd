package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/require"

	"carillon/cmd/carillon/awscmd"
	"carillon/connectors/awslocal"
)

// carillon runs the command in this process and returns what it prints.
func carillon(t *testing.T, args ...string) (string, error) {
	t.Helper()
	root := newRoot()
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestAWSPolicies(t *testing.T) {
	place := []string{"--account", "111122223333", "--region", "eu-central-1"}
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"sqs":          {[]string{"sqs", "--queue", "chime", "--rule", "r", "--topic", "t"}, []string{"sqs:SendMessage", "rule/r", ":t\"", "mediapipelines"}},
		"sqs wrapped":  {[]string{"sqs", "--queue", "chime", "--attributes"}, []string{`"Policy": "{\"Version\"`}},
		"dead letters": {[]string{"sqs", "--queue", "dead", "--direct=false", "--rule", "r"}, []string{"events.amazonaws.com"}},
		"sns":          {[]string{"sns", "--topic", "chime"}, []string{"sns:Publish"}},
		"kms":          {[]string{"kms"}, []string{"kms:GenerateDataKey", "aws:SourceAccount"}},
		"consumer":     {[]string{"consumer", "--queue", "chime", "--doctor"}, []string{"sqs:ReceiveMessage", "events:ListRules"}},
		"eventbridge":  {[]string{"eventbridge"}, []string{`"pattern"`, `"trust"`, `"invoke"`, "aws.chime"}},
		"trust":        {[]string{"eventbridge", "--document", "trust", "--rule", "r"}, []string{"sts:AssumeRole", "rule/r"}},
		"invoke":       {[]string{"eventbridge", "--document", "invoke", "--destination", "d"}, []string{"api-destination/d/*"}},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := carillon(t, append(append([]string{"aws", "policy"}, c.args...), place...)...)
			require.NoError(t, err)
			require.True(t, json.Valid([]byte(out)), out)
			for _, part := range c.want {
				require.Contains(t, out, part)
			}
		})
	}
	out, err := carillon(t, "aws", "policy", "eventbridge", "--document", "pattern")
	require.NoError(t, err)
	require.NotContains(t, out, "CloudTrail")
}

func TestAWSPoliciesAreRefused(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"sqs", "--account", "111122223333", "--region", "eu-central-1", "--queue", "q", "--namespace", "chime"}, "us-east-1"},
		{[]string{"sqs", "--account", "111122223333", "--region", "eu-west-1", "--queue", "q"}, "no control region"},
		{[]string{"sqs", "--account", "111122223333", "--region", "us-east-1", "--queue", "q.fifo"}, "FIFO"},
		{[]string{"sqs", "--account", "111122223333", "--region", "us-east-1", "--queue", "q", "--direct=false"}, "nobody may write"},
		{[]string{"sqs", "--account", "111122223333", "--region", "us-east-1", "--queue", "q", "--rule", "a/b"}, `rule: "a/b"`},
		{[]string{"sqs", "--account", "111122223333", "--region", "us-east-1"}, "queue"},
		{[]string{"sns", "--account", "111122223333", "--region", "us-east-1", "--topic", "arn:aws:sns:us-west-2:111122223333:t"}, "not in us-east-1"},
		{[]string{"kms", "--account", "111122223333", "--region", "cn-north-1"}, "does not exist"},
		{[]string{"kms", "--account", "111122223333", "--region", "us-east-1", "--direct=false", "--rules=false", "--topics=false"}, "at least one"},
		{[]string{"kms", "--account", "111122223333", "--region", "us-gov-west-1", "--pipelines"}, "--pipelines=false"},
		{[]string{"consumer", "--account", "111122223333", "--region", "us-east-1"}, "nothing to allow"},
		{[]string{"consumer", "--account", "111122223333", "--region", "us-east-1", "--queue", "q", "--key", "alias/x"}, "key:"},
		{[]string{"eventbridge", "--account", "111122223333", "--region", "us-east-1", "--document", "all"}, "document:"},
		{[]string{"eventbridge"}, "account:"},
	} {
		out, err := carillon(t, append([]string{"aws", "policy"}, c.args...)...)
		require.ErrorContains(t, err, c.want)
		require.Empty(t, out)
	}
}

func TestAWSTemplate(t *testing.T) {
	out, err := carillon(t, "aws", "template", "--endpoint", "https://carillon.example.com", "--kms", "--pipelines=false")
	require.NoError(t, err)
	require.Contains(t, out, "AWS::Events::ApiDestination")
	require.Contains(t, out, "AWS::KMS::Key")
	require.NotContains(t, out, "mediapipelines")
	_, err = carillon(t, "aws", "template", "--endpoint", "http://carillon.example.com")
	require.ErrorContains(t, err, "https")
}

func TestAWSCommandsExplainThemselves(t *testing.T) {
	for _, path := range []string{"aws", "aws policy", "aws policy sqs", "aws policy sns"} {
		out, err := carillon(t, append(strings.Fields(path), "--help")...)
		require.NoError(t, err)
		if strings.HasPrefix(path, "aws policy") {
			require.Contains(t, out, "arn:aws:chime::ACCOUNT:*", "the old form of aws:SourceArn")
			require.Contains(t, out, "arn:aws:chime:us-east-1:ACCOUNT:*", "the new form")
		}
	}
	out, err := carillon(t, "aws")
	require.NoError(t, err)
	require.Contains(t, out, "carillon aws doctor")
	out, err = carillon(t, "aws", "policy")
	require.NoError(t, err)
	require.Contains(t, out, "eventbridge")
}

// TestAWSDoctorAndItsCommands examines a queue that nobody may write to, does what the doctor says, and examines it again.
func TestAWSDoctorAndItsCommands(t *testing.T) {
	srv, err := awslocal.Start(awslocal.Options{Account: "111122223333"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, srv.Close(t.Context())) })
	url, err := srv.CreateQueue("chime")
	require.NoError(t, err)
	require.NoError(t, srv.PutRule(awslocal.Rule{Name: "chime", Sources: []string{"aws.chime"}, DetailTypes: awscmd.EventPattern().DetailType, Queue: "chime"}))
	file := filepath.Join(t.TempDir(), "carillon.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
sources:
  queue: {type: sqs, queue_url: "`+url+`", region: us-east-1, access_key_id: AKIDLOCAL, secret_access_key: local}
sinks:
  out: {type: stdout}
`), 0o600))

	out, err := carillon(t, "aws", "doctor", "-c", file)
	require.ErrorIs(t, err, errReported)
	require.Contains(t, out, "wrong  rule \"chime\" may not write to the queue")
	require.Contains(t, out, "1 wrong")

	out, err = carillon(t, "aws", "doctor", "-c", file, "--json")
	require.ErrorIs(t, err, errReported)
	var report awscmd.Report
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, 1, report.Count(awscmd.Wrong))
	for _, f := range report.Findings {
		if f.Severity == awscmd.Wrong {
			mend(t, srv, url, f.Mend)
		}
	}
	out, err = carillon(t, "aws", "doctor", "-c", file)
	require.NoError(t, err, out)
	require.Contains(t, out, "ok     rule \"chime\" may write to the queue")

	_, err = carillon(t, "aws", "doctor", "-c", filepath.Join(t.TempDir(), "none.yaml"))
	require.ErrorContains(t, err, "reading configuration")
}

var inner = regexp.MustCompile(`--attributes "\$\(carillon ([^)]*)\)"$`)

// mend does what a command says: the aws command line with what carillon prints.
func mend(t *testing.T, srv *awslocal.Server, url, command string) {
	t.Helper()
	require.True(t, strings.HasPrefix(command, "aws sqs set-queue-attributes "), command)
	part := inner.FindStringSubmatch(command)
	require.NotNil(t, part, command)
	out, err := carillon(t, strings.Fields(part[1])...)
	require.NoError(t, err, command)
	var attributes map[string]string
	require.NoError(t, json.Unmarshal([]byte(out), &attributes))
	client := sqs.New(sqs.Options{
		Region: srv.Region(), BaseEndpoint: aws.String(srv.Endpoint()), Credentials: credentials.NewStaticCredentialsProvider("AKIDLOCAL", "local", ""),
	})
	_, err = client.SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: attributes})
	require.NoError(t, err)
}
