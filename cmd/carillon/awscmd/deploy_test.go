package awscmd_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/stretchr/testify/require"

	"carillon/cmd/carillon/awscmd"
	"carillon/connectors/awslocal"
)

// TestTheDoctorIsContentWithTheTemplate makes the resources of the template and examines them: both must mean the same.
func TestTheDoctorIsContentWithTheTemplate(t *testing.T) {
	c := newCloud(t)
	for name, o := range map[string]awscmd.TemplateOptions{
		"queue":    {Pipelines: true},
		"endpoint": {Pipelines: true, Endpoint: c.public},
	} {
		t.Run(name, func(t *testing.T) {
			c.clear(t)
			c.deploy(t, o)
			c.configure()
			report, err := c.examine(t, awscmd.Options{Pipelines: true})
			require.NoError(t, err)
			if o.Endpoint == "" {
				require.ElementsMatch(t, []string{"topic subscription wrong", "bus rule wrong"}, problems(report), "nothing is posted")
				return
			}
			require.Empty(t, problems(report), "%+v", report.Findings)
		})
	}
}

// stack is a template on its way to resources: values are what references stand for.
type stack struct {
	*cloud

	resources map[string]resource
	values    map[string]string
}

type resource struct {
	Type       string
	Properties map[string]any
}

// deploy makes queues, topic, subscription and rule of a template, as CloudFormation would.
func (c *cloud) deploy(t *testing.T, o awscmd.TemplateOptions) {
	t.Helper()
	root := parse(t, o)
	s := &stack{cloud: c, values: map[string]string{
		"Queue": c.QueueURL("chime"), "Queue.Arn": c.QueueARN("chime"), "DeadLetterQueue": c.QueueURL("chime-dead"),
		"DeadLetterQueue.Arn": c.QueueARN("chime-dead"), "Topic": c.TopicARN("chime"), "Destination.Arn": "destination",
		"Connection.Arn": "connection", "InvokeRole.Arn": "role", "ApiKey": apiKey,
	}}
	parameters := at(t, root, "Parameters")
	for i := 0; i < len(parameters.Content); i += 2 {
		body := parameters.Content[i+1]
		for _, key := range keys(body) {
			if key == "Default" {
				s.values[parameters.Content[i].Value] = at(t, body, key).Value
			}
		}
	}
	s.values["Name"] = "chime"
	require.NoError(t, json.Unmarshal([]byte(filled(t, at(t, root, "Resources"), s.values)), &s.resources))
	s.queues(t)
	s.topic(t)
	s.rule(t)
}

func (s *stack) queues(t *testing.T) {
	t.Helper()
	for _, name := range []string{"DeadLetterQueue", "Queue"} {
		attributes := map[string]string{}
		for key, value := range s.resources[name].Properties {
			if key != "QueueName" {
				attributes[key] = asText(t, value)
			}
		}
		attributes["Policy"] = asText(t, s.resources[name+"Policy"].Properties["PolicyDocument"])
		url := s.createQueue(t, s.resources[name].Properties["QueueName"].(string), attributes)
		require.Equal(t, s.values[name], url)
	}
	s.queue = s.values["Queue"]
}

func (s *stack) topic(t *testing.T) {
	t.Helper()
	properties := s.resources["Topic"].Properties
	out, err := s.sns.CreateTopic(t.Context(), &sns.CreateTopicInput{
		Name: aws.String(properties["TopicName"].(string)), Attributes: map[string]string{
			"SignatureVersion": asText(t, properties["SignatureVersion"]),
			"Policy":           asText(t, s.resources["TopicPolicy"].Properties["PolicyDocument"]),
		},
	})
	require.NoError(t, err)
	require.Equal(t, s.values["Topic"], *out.TopicArn)
	s.cloud.topic = *out.TopicArn

	sub := s.resources["Subscription"].Properties
	attributes := map[string]string{}
	for _, key := range []string{"RawMessageDelivery", "DeliveryPolicy", "RedrivePolicy"} {
		if value, ok := sub[key]; ok {
			attributes[key] = asText(t, value)
		}
	}
	s.subscription = s.subscribe(t, sub["Protocol"].(string), sub["Endpoint"].(string), attributes)
}

// rule understands the targets of the template: the queue, and perhaps the API destination.
func (s *stack) rule(t *testing.T) {
	t.Helper()
	properties := s.resources["Rule"].Properties
	pattern := properties["EventPattern"].(map[string]any)
	r := awslocal.Rule{
		Name: properties["Name"].(string), Disabled: properties["State"] != "ENABLED", Sources: list(pattern["source"]), DetailTypes: list(pattern["detail-type"]),
	}
	for _, one := range properties["Targets"].([]any) {
		target := one.(map[string]any)
		dead := target["DeadLetterConfig"].(map[string]any)["Arn"].(string)
		require.NotContains(t, target, "Input")
		if target["Arn"] == s.values["Queue.Arn"] {
			r.Queue, r.DeadLetter = s.queue, dead
			continue
		}
		require.Equal(t, "role", target["RoleArn"])
		destination, key := s.resources["Destination"].Properties, s.resources["Connection"].Properties["AuthParameters"].(map[string]any)["ApiKeyAuthParameters"].(map[string]any)
		retry := target["RetryPolicy"].(map[string]any)
		r.Destination = &awslocal.Destination{
			URL: destination["InvocationEndpoint"].(string), KeyHeader: key["ApiKeyName"].(string), Key: key["ApiKeyValue"].(string),
			DeadLetter: dead, Retries: int(retry["MaximumRetryAttempts"].(float64)),
		}
	}
	require.NoError(t, s.PutRule(r))
}

// asText is how the APIs take an attribute: a text, or JSON.
func asText(t *testing.T, value any) string {
	t.Helper()
	if text, ok := value.(string); ok {
		return text
	}
	raw, err := json.Marshal(value)
	require.NoError(t, err)
	return string(raw)
}

func list(value any) []string {
	var out []string
	for _, one := range value.([]any) {
		out = append(out, one.(string))
	}
	return out
}
