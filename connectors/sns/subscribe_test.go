package sns_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/stretchr/testify/require"

	"carillon/connectors/sns"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

func TestDeliveryPolicyTriesForAnHour(t *testing.T) {
	var policy struct {
		Healthy struct {
			Retries  int    `json:"numRetries"`
			NoDelay  int    `json:"numNoDelayRetries"`
			AtLeast  int    `json:"numMinDelayRetries"`
			AtMost   int    `json:"numMaxDelayRetries"`
			MinDelay int    `json:"minDelayTarget"`
			MaxDelay int    `json:"maxDelayTarget"`
			Backoff  string `json:"backoffFunction"`
		} `json:"healthyRetryPolicy"`
	}
	require.NoError(t, json.Unmarshal([]byte(sns.DeliveryPolicy()), &policy))
	p := policy.Healthy
	require.LessOrEqual(t, p.Retries, 100, "the most that SNS takes")
	require.Equal(t, p.Retries, p.NoDelay+p.AtLeast+p.AtMost, "no phase whose length is left to SNS")
	require.Equal(t, 3600, p.AtLeast*p.MinDelay+p.AtMost*p.MaxDelay)
	require.Equal(t, "linear", p.Backoff)
}

func subscribed(c *sns.Config) {
	c.Subscribe.Endpoint = "https://router.example.com/sns"
	c.AccessKeyID, c.SecretAccessKey = pipeline.NewSecret("AKIDTEST"), pipeline.NewSecret("hunter2")
}

// scripted answers each action of the SNS API with the next of its answers; the last one stays.
type scripted struct {
	*httptest.Server
	api *api
}

func newScripted(t *testing.T, answers map[string][]string) *scripted {
	t.Helper()
	s := &scripted{api: &api{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.api.mu.Lock()
		defer s.api.mu.Unlock()
		s.api.asked = append(s.api.asked, r.Form)
		action := r.Form.Get("Action")
		answer := answers[action][0]
		if len(answers[action]) > 1 {
			answers[action] = answers[action][1:]
		}
		w.Header().Set("Content-Type", "text/xml")
		if code, ok := strings.CutPrefix(answer, "error:"); ok {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>about %s</Message></Error></ErrorResponse>`,
				code, r.Form.Get("Endpoint"))
			return
		}
		_, _ = fmt.Fprintf(w, `<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult></%[1]sResponse>`, action, answer)
	}))
	t.Cleanup(s.Close)
	return s
}

// actions are the names of what was asked for.
func (s *scripted) actions() []string {
	asked, _ := s.api.calls()
	names := make([]string, len(asked))
	for i, form := range asked {
		names[i] = form.Get("Action")
	}
	return names
}

func (s *scripted) last() url.Values {
	asked, _ := s.api.calls()
	return asked[len(asked)-1]
}

const subscribedArn = "<SubscriptionArn>" + topicArn + ":1</SubscriptionArn>"

func list(arnsAndEndpoints ...string) string {
	var b strings.Builder
	for i := 0; i < len(arnsAndEndpoints); i += 2 {
		fmt.Fprintf(&b, "<member><SubscriptionArn>%s</SubscriptionArn><Endpoint>%s</Endpoint></member>", arnsAndEndpoints[i], arnsAndEndpoints[i+1])
	}
	return "<Subscriptions>" + b.String() + "</Subscriptions>"
}

func (h *harness) subscribes(t *testing.T) map[string]int {
	t.Helper()
	return h.values(t, "carillon_sns_subscribes_total")
}

func TestSubscribesAtStart(t *testing.T) {
	server := newScripted(t, map[string][]string{"Subscribe": {subscribedArn}})
	h := build(t, func(c *sns.Config) {
		subscribed(c)
		c.Endpoint = server.URL
		c.Basic = sns.BasicConfig{Username: "topic", Password: pipeline.NewSecret("p@ss/word")}
	})
	stop := h.run(t, &pipelinetest.Emitter{})
	require.Eventually(t, func() bool { return h.subscribes(t)["good"] == 1 }, 10*time.Second, time.Millisecond, h.log)
	stop()
	require.Equal(t, []string{"Subscribe"}, server.actions())
	form := server.last()
	require.Equal(t, topicArn, form.Get("TopicArn"))
	require.Equal(t, "https", form.Get("Protocol"))
	require.Equal(t, "https://topic:p%40ss%2Fword@router.example.com/sns", form.Get("Endpoint"))
	require.Equal(t, map[string]string{"DeliveryPolicy": sns.DeliveryPolicy(), "RawMessageDelivery": "false"}, attributes(form))
	require.NotContains(t, h.log.String(), "word")
	require.NotContains(t, h.log.String(), "hunter2")
}

func attributes(form url.Values) map[string]string {
	all := map[string]string{}
	for i := 1; form.Has(fmt.Sprintf("Attributes.entry.%d.key", i)); i++ {
		all[form.Get(fmt.Sprintf("Attributes.entry.%d.key", i))] = form.Get(fmt.Sprintf("Attributes.entry.%d.value", i))
	}
	return all
}

// TestSubscriptionWithOtherSettingsIsChanged begins with what SNS says when the subscription is there with other attributes.
func TestSubscriptionWithOtherSettingsIsChanged(t *testing.T) {
	const other = topicArn + ":other"
	server := newScripted(t, map[string][]string{
		"Subscribe": {"error:InvalidParameter"}, "SetSubscriptionAttributes": {""},
		"ListSubscriptionsByTopic": {
			list(other, "https://other.example.com/sns", other, "https://router.example.com/sns/x") + "<NextToken>2</NextToken>",
			list(topicArn+":7", "https://topic:****@router.example.com/sns"),
		},
	})
	h := build(t, func(c *sns.Config) {
		subscribed(c)
		c.Endpoint = server.URL
	})
	stop := h.run(t, &pipelinetest.Emitter{})
	require.Eventually(t, func() bool { return h.subscribes(t)["good"] == 1 }, 10*time.Second, time.Millisecond, h.log)
	stop()
	require.Equal(t, []string{
		"Subscribe", "ListSubscriptionsByTopic", "ListSubscriptionsByTopic", "SetSubscriptionAttributes", "SetSubscriptionAttributes",
	}, server.actions())
	asked, _ := server.api.calls()
	require.Equal(t, topicArn+":7", asked[3].Get("SubscriptionArn"))
	require.Equal(t, "DeliveryPolicy", asked[3].Get("AttributeName"))
	require.Equal(t, sns.DeliveryPolicy(), asked[3].Get("AttributeValue"))
	require.Equal(t, "RawMessageDelivery", asked[4].Get("AttributeName"))
	require.Equal(t, "false", asked[4].Get("AttributeValue"))
}

// TestSubscribingIsTriedAgain fails in every way first. What the source takes meanwhile does not depend on it.
func TestSubscribingIsTriedAgain(t *testing.T) {
	for name, answers := range map[string]map[string][]string{
		"no permission": {"Subscribe": {"error:AuthorizationError"}},
		"wrong": {
			"Subscribe": {"error:InvalidParameter"}, "ListSubscriptionsByTopic": {list()},
		},
		"not to be listed": {
			"Subscribe": {"error:InvalidParameter"}, "ListSubscriptionsByTopic": {"error:AuthorizationError"},
		},
		"unconfirmed with other settings": {
			"Subscribe": {"error:InvalidParameter"}, "ListSubscriptionsByTopic": {list("PendingConfirmation", "https://router.example.com/sns")},
		},
		"not to be changed": {
			"Subscribe": {"error:InvalidParameter"}, "ListSubscriptionsByTopic": {list(topicArn+":7", "https://router.example.com/sns")},
			"SetSubscriptionAttributes": {"error:AuthorizationError"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := newScripted(t, answers)
			h, out := build(t, func(c *sns.Config) {
				subscribed(c)
				c.Endpoint = server.URL
				c.Basic = sns.BasicConfig{Username: "topic", Password: pipeline.NewSecret("pass-word")}
			}), &pipelinetest.Emitter{}
			stop := h.run(t, out)
			require.Eventually(t, func() bool { return h.subscribes(t)["failed"] >= 1 }, 10*time.Second, time.Millisecond)
			w := h.post(h.signer.body(t, notification(event)), func(r *http.Request) { r.SetBasicAuth("topic", "pass-word") })
			require.Equal(t, http.StatusOK, w.Code)
			server.api.mu.Lock()
			answers["Subscribe"] = []string{subscribedArn}
			server.api.mu.Unlock()
			require.Eventually(t, func() bool { return h.subscribes(t)["good"] == 1 }, 20*time.Second, 5*time.Millisecond, h.log)
			stop()
			require.Contains(t, h.log.String(), "not subscribed yet")
			require.NotContains(t, h.log.String(), "pass-word", "SNS repeats the endpoint in its errors")
		})
	}
}

func TestStopEndsSubscribing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, func(c *sns.Config) {
			subscribed(c)
			c.Endpoint = "http://127.0.0.1:1"
		})
		stop, done := h.start(t, &pipelinetest.Emitter{})
		<-time.After(10 * time.Minute)
		tries := h.subscribes(t)["failed"]
		require.GreaterOrEqual(t, tries, 8)
		require.LessOrEqual(t, tries, 40, "about one a minute in the end")
		require.LessOrEqual(t, strings.Count(h.log.String(), "not subscribed yet"), 11)
		stop()
		require.NoError(t, <-done)
	})
}

func TestUnsubscribe(t *testing.T) {
	server := newScripted(t, map[string][]string{
		"Unsubscribe": {""},
		"ListSubscriptionsByTopic": {list(
			topicArn+":1", "https://router.example.com/sns", topicArn+":2", "https://other.example.com/sns",
			"PendingConfirmation", "https://router.example.com/sns", topicArn+":3", "https://a:****@router.example.com/sns",
		)},
	})
	cfg := sns.DefaultConfig()
	cfg.TopicArns, cfg.Endpoint = []string{topicArn}, server.URL
	_, err := sns.Unsubscribe(t.Context(), cfg)
	require.EqualError(t, err, "unsubscribing: subscribe.endpoint is not set")
	subscribed(&cfg)
	done, err := sns.Unsubscribe(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, sns.Removal{Removed: []string{topicArn + ":1", topicArn + ":3"}, Pending: 1}, done)
	require.Equal(t, []string{"ListSubscriptionsByTopic", "Unsubscribe", "Unsubscribe"}, server.actions())

	broken := newScripted(t, map[string][]string{"ListSubscriptionsByTopic": {"error:AuthorizationError"}})
	cfg.Endpoint, cfg.TopicArns = broken.URL, append(cfg.TopicArns, strings.Replace(topicArn, "chime", "other", 1))
	done, err = sns.Unsubscribe(t.Context(), cfg)
	require.Empty(t, done.Removed)
	require.Equal(t, 2, strings.Count(err.Error(), "AuthorizationError"), "each topic is tried: %v", err)
}

// TestSubscribesToLocalSNS goes the whole way twice, as a restart does, and then away again.
func TestSubscribesToLocalSNS(t *testing.T) {
	l := startLocal(t)
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	client := awssns.New(awssns.Options{
		Region: l.server.Region(), BaseEndpoint: aws.String(l.server.Endpoint()),
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	var arn string
	for range 2 {
		h := l.build(t, nil)
		stop := h.run(t, &pipelinetest.Emitter{})
		require.Eventually(t, func() bool { return h.subscribes(t)["good"] == 1 }, 20*time.Second, 5*time.Millisecond, h.log)
		require.Eventually(t, func() bool {
			page, err := client.ListSubscriptionsByTopic(ctx, &awssns.ListSubscriptionsByTopicInput{TopicArn: aws.String(l.topic)})
			require.NoError(t, err)
			require.Len(t, page.Subscriptions, 1, "there is one however often it is made")
			arn = aws.ToString(page.Subscriptions[0].SubscriptionArn)
			return arn != "PendingConfirmation"
		}, 20*time.Second, 5*time.Millisecond, h.log)
		stop()
	}
	got, err := client.GetSubscriptionAttributes(ctx, &awssns.GetSubscriptionAttributesInput{SubscriptionArn: aws.String(arn)})
	require.NoError(t, err)
	require.Equal(t, "false", got.Attributes["RawMessageDelivery"])
	require.JSONEq(t, sns.DeliveryPolicy(), got.Attributes["DeliveryPolicy"])

	done, err := sns.Unsubscribe(ctx, *l.config(t, nil))
	require.NoError(t, err)
	require.Equal(t, sns.Removal{Removed: []string{arn}}, done)
	done, err = sns.Unsubscribe(ctx, *l.config(t, nil))
	require.NoError(t, err)
	require.Equal(t, sns.Removal{}, done, "again is harmless")
}
