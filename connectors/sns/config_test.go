package sns_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/sns"
	"carillon/pipeline"
)

func TestValidateNamesEachKey(t *testing.T) {
	tests := map[string]struct {
		change func(*sns.Config)
		want   []string
	}{
		"no topics": {func(c *sns.Config) { c.TopicArns = nil }, []string{"topic_arns: "}},
		"bad topics": {func(c *sns.Config) {
			c.TopicArns = []string{"chime", "arn:aws:sqs:us-east-1:111122223333:chime", "arn:aws:sns:us-east-1:111122223333:chime.fifo", "arn:aws:sns:us-east-1:111122223333:*"}
		}, []string{"topic_arns: ", "topic_arns: ", "topic_arns: ", "topic_arns: "}},
		"partition":             {func(c *sns.Config) { c.TopicArns = []string{"arn:aws-moon:sns:us-east-1:111122223333:chime"} }, []string{"topic_arns: "}},
		"region that is a host": {func(c *sns.Config) { c.TopicArns = []string{"arn:aws:sns:us-east-1.evil/:111122223333:chime"} }, []string{"topic_arns: "}},
		"twice":                 {func(c *sns.Config) { c.TopicArns = append(c.TopicArns, c.TopicArns[0]) }, []string{"topic_arns: "}},
		"version":               {func(c *sns.Config) { c.RequireSignatureVersion = 1 }, []string{"require_signature_version: "}},
		"max_age":               {func(c *sns.Config) { c.MaxAge = time.Second }, []string{"max_age: "}},
		"negative":              {func(c *sns.Config) { c.MaxAge = -time.Hour }, []string{"max_age: "}},
		"endpoint":              {func(c *sns.Config) { c.Endpoint = "127.0.0.1:4566" }, []string{"endpoint: "}},
		"user":                  {func(c *sns.Config) { c.Endpoint = "http://a:hunter2@127.0.0.1" }, []string{"endpoint: "}},
		"half key":              {func(c *sns.Config) { c.SecretAccessKey = pipeline.NewSecret("hunter2") }, []string{"access_key_id: "}},
		"other half":            {func(c *sns.Config) { c.AccessKeyID = pipeline.NewSecret("hunter2") }, []string{"access_key_id: "}},
		"subscribe":             {func(c *sns.Config) { c.Subscribe.Endpoint = "router.example.com/sns" }, []string{"subscribe.endpoint: "}},
		"subscribe with a user": {func(c *sns.Config) { c.Subscribe.Endpoint = "https://a:hunter2@x.example/sns" }, []string{"subscribe.endpoint: "}},
		"subscribe for nothing": {func(c *sns.Config) {
			c.Subscribe.Endpoint, c.Confirm = "https://router.example.com/sns", false
		}, []string{"subscribe.endpoint: needs confirm: true"}},
		"half of basic": {func(c *sns.Config) { c.Basic.Password = pipeline.NewSecret("hunter2") }, []string{"basic.username: "}},
		"no password":   {func(c *sns.Config) { c.Basic.Username = "topic" }, []string{"basic.password: "}},
		"colon": {func(c *sns.Config) {
			c.Basic = sns.BasicConfig{Username: "a:b", Password: pipeline.NewSecret("hunter2")}
		}, []string{"basic.username: "}},
		"raw for anybody": {func(c *sns.Config) { c.Raw = true }, []string{"raw: needs basic"}},
		"all at once": {func(c *sns.Config) {
			*c = sns.Config{RequireSignatureVersion: 9, MaxAge: 1, Endpoint: "x", Raw: true, Subscribe: sns.SubscribeConfig{Endpoint: "x"}}
		}, []string{
			"path: ", "topic_arns: ", "require_signature_version: ", "max_age: ", "endpoint: ", "subscribe.endpoint: ",
			"subscribe.endpoint: needs confirm", "raw: ",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := sns.DefaultConfig()
			cfg.TopicArns = []string{topicArn}
			require.NoError(t, cfg.Validate())
			tt.change(&cfg)
			connectortest.Problems(t, cfg.Validate(), tt.want, "hunter2")
			if !strings.HasSuffix(name, "user") {
				require.NotContains(t, fmt.Sprintf("%+v %#v", cfg, cfg), "hunter2")
			}
		})
	}
}
