//go:build integration

package sns_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/entries/entriestest"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// emulated is a topic at an emulator that others wrote, and a queue that gets what is published, as it is.
type emulated struct {
	t        *testing.T
	endpoint string
	front    *entriestest.Front
	topic    string
	queue    string
	name     string
}

// onFauxqs makes them where CARILLON_TEST_FAUXQS says, such as http://127.0.0.1:4566.
func onFauxqs(t *testing.T, fifo bool) *emulated {
	t.Helper()
	e := &emulated{t: t, endpoint: os.Getenv("CARILLON_TEST_FAUXQS")}
	require.NotEmpty(t, e.endpoint, "CARILLON_TEST_FAUXQS must be the URL of a running fauxqs")
	e.front = entriestest.NewFront(t, e.endpoint)
	e.name = "sns-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	var topic, queue map[string]string
	if fifo {
		e.name += ".fifo"
		topic, queue = map[string]string{"FifoTopic": "true"}, map[string]string{"FifoQueue": "true"}
	}
	snsAPI, sqsAPI := clients(e.endpoint)
	made, err := snsAPI.CreateTopic(t.Context(), &awssns.CreateTopicInput{Name: &e.name, Attributes: topic})
	require.NoError(t, err)
	e.topic = *made.TopicArn
	watch, err := sqsAPI.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &e.name, Attributes: queue})
	require.NoError(t, err)
	e.queue = *watch.QueueUrl
	has, err := sqsAPI.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{
		QueueUrl: &e.queue, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn},
	})
	require.NoError(t, err)
	link(t, e.endpoint, e.topic, has.Attributes["QueueArn"])
	return e
}

func (e *emulated) open() pipeline.Sink { return openSink(e.t, e.front.URL(), e.topic) }

// accepted asks fauxqs what the queue holds.
func (e *emulated) accepted() []chime.Identity {
	e.t.Helper()
	req, err := http.NewRequestWithContext(e.t.Context(), http.MethodGet, e.endpoint+"/_fauxqs/queues/"+e.name, http.NoBody)
	require.NoError(e.t, err)
	resp, err := once().Do(req)
	require.NoError(e.t, err)
	defer func() { require.NoError(e.t, resp.Body.Close()) }()
	var state struct {
		Messages struct{ Ready []struct{ Body string } }
	}
	require.NoError(e.t, json.NewDecoder(resp.Body).Decode(&state))
	bodies := make([]string, len(state.Messages.Ready))
	for i, m := range state.Messages.Ready {
		bodies[i] = m.Body
	}
	return entriestest.Identities(e.t, bodies, entriestest.OfJSON)
}

func TestSinkOnFauxqs(t *testing.T) {
	for name, fifo := range map[string]bool{"standard": false, "fifo": true} {
		t.Run(name, func(t *testing.T) {
			connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
				t.Helper()
				e := onFauxqs(t, fifo)
				return connectortest.SinkDriver{
					Open: e.open, Accepted: e.accepted, Stall: e.front.Stall, Cut: e.front.Cut, Secrets: []string{sinkSecret},
					Waived: map[connectortest.Ability]string{connectortest.Refuse: "fauxqs refuses no entry by what is in it; awslocal does"},
				}
			})
		})
	}
}

// TestFaultsOnFauxqs: a FIFO topic drops what is sent again, so its queue has every event once.
func TestFaultsOnFauxqs(t *testing.T) {
	for name, fifo := range map[string]bool{"standard": false, "fifo": true} {
		t.Run(name, func(t *testing.T) {
			e := onFauxqs(t, fifo)
			connectortest.Faults(t, connectortest.FaultDriver{
				Open: e.open, Accepted: e.accepted, Cut: e.front.Cut, Errors: e.front.Errors, Delay: e.front.Delay, Restart: e.front.Restart,
				Once: fifo, Secrets: []string{sinkSecret},
			}, connectortest.FaultOptions{})
		})
	}
}

// TestSinkOnFauxqs_FIFOGroupIsTheMeeting looks at what a subscriber gets.
func TestSinkOnFauxqs_FIFOGroupIsTheMeeting(t *testing.T) {
	e := onFauxqs(t, true)
	s := e.open()
	connectortest.StartSink(t, s)
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{sinkEvent(1, "m 1")}))
	_, api := clients(e.endpoint)
	out, err := api.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{
		QueueUrl: &e.queue, MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	require.NoError(t, err)
	require.Len(t, out.Messages, 1)
	require.Equal(t, "m%201", out.Messages[0].Attributes["MessageGroupId"])
	require.Equal(t, "00000000000000000000000000000001", out.Messages[0].Attributes["MessageDeduplicationId"])
	require.NotEmpty(t, aws.ToString(out.Messages[0].Body))
}
