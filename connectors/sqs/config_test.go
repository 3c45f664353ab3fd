package sqs_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/sqs"
	"carillon/pipeline"
)

const queueURL = "https://sqs.us-east-1.amazonaws.com/111122223333/chime"

func TestValidateNamesEachKey(t *testing.T) {
	tests := map[string]struct {
		change func(*sqs.Config)
		want   []string
	}{
		"no queue":       {func(c *sqs.Config) { c.QueueURL = "" }, []string{"queue_url: "}},
		"not a url":      {func(c *sqs.Config) { c.QueueURL = "chime" }, []string{"queue_url: "}},
		"an arn":         {func(c *sqs.Config) { c.QueueURL = "arn:aws:sqs:us-east-1:111122223333:chime" }, []string{"queue_url: "}},
		"no account":     {func(c *sqs.Config) { c.QueueURL = "https://sqs.us-east-1.amazonaws.com/chime" }, []string{"queue_url: "}},
		"password":       {func(c *sqs.Config) { c.QueueURL = "https://u:hunter2@h/1/chime" }, []string{"queue_url: "}},
		"region":         {func(c *sqs.Config) { c.Region = "here" }, []string{"region: "}},
		"another region": {func(c *sqs.Config) { c.Region = "eu-west-1" }, []string{"region: "}},
		"endpoint":       {func(c *sqs.Config) { c.Endpoint = "127.0.0.1:4566" }, []string{"endpoint: "}},
		"max pollers":    {func(c *sqs.Config) { c.MaxPollers = 65 }, []string{"max_pollers: "}},
		"sample":         {func(c *sqs.Config) { c.Sample = time.Millisecond }, []string{"sample: "}},
		"a role":         {func(c *sqs.Config) { c.RoleARN = "carillon" }, []string{"role_arn: "}},
		"id, no role":    {func(c *sqs.Config) { c.ExternalID = "x" }, []string{"external_id: "}},
		"two queues":     {func(c *sqs.Config) { c.Queue = "chime" }, []string{"queue: "}},
		"not a name":     {func(c *sqs.Config) { c.QueueURL, c.Queue = "", "chime queue" }, []string{"queue: "}},
		"not an account": {func(c *sqs.Config) { c.QueueURL, c.Queue = "", "1111/chime" }, []string{"queue: "}},
		"a topic": {
			func(c *sqs.Config) { c.QueueURL, c.Queue = "", "arn:aws:sns:us-east-1:111122223333:chime" }, []string{"queue: "},
		},
		"region of the arn": {
			func(c *sqs.Config) {
				c.QueueURL, c.Queue, c.Region = "", "arn:aws:sqs:us-east-1:111122223333:chime", "eu-west-1"
			}, []string{"region: "},
		},
		"wait":          {func(c *sqs.Config) { c.Wait = 21 * time.Second }, []string{"wait: "}},
		"half a second": {func(c *sqs.Config) { c.Wait = 500 * time.Millisecond }, []string{"wait: "}},
		"batch":         {func(c *sqs.Config) { c.Batch = 11 }, []string{"batch: "}},
		"in hand":       {func(c *sqs.Config) { c.MaxInHand = 9 }, []string{"max_in_hand: "}},
		"visibility":    {func(c *sqs.Config) { c.Visibility = 13 * time.Hour }, []string{"visibility: "}},
		"half a key":    {func(c *sqs.Config) { c.SecretAccessKey = pipeline.NewSecret("hunter2") }, []string{"access_key_id: "}},
		"all at once": {
			func(c *sqs.Config) {
				*c = sqs.Config{Region: "x", Endpoint: "x", Wait: -1, Visibility: -1, Sample: -1, RoleARN: "x"}
			},
			[]string{"queue_url: ", "region: ", "endpoint: ", "max_pollers: ", "wait: ", "batch: ", "max_in_hand: ", "visibility: ", "sample: ", "role_arn: "},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := sqs.DefaultConfig()
			cfg.QueueURL = queueURL
			require.NoError(t, cfg.Validate())
			tt.change(&cfg)
			connectortest.Problems(t, cfg.Validate(), tt.want, "hunter2")
		})
	}
}

func TestNewTakesItsOwnConfigurationOnly(t *testing.T) {
	_, err := sqs.Factory().New(nil, pipeline.Settings{ID: "queue"})
	require.ErrorContains(t, err, `building source "queue"`)
}
