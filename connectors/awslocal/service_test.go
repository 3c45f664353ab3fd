package awslocal_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
)

func TestServiceMethodsCreateAndSend(t *testing.T) {
	l := start(t, awslocal.Options{Region: "us-gov-west-1", Account: "111122223333"})
	require.Equal(t, "111122223333", l.Account())
	require.WithinDuration(t, time.Now(), l.Now(), time.Minute)
	url, err := l.CreateQueue("chime")
	require.NoError(t, err)
	arn, err := l.CreateTopic("chime")
	require.NoError(t, err)
	require.Equal(t, "arn:aws-us-gov:sns:us-gov-west-1:111122223333:chime", arn)
	for _, ref := range []string{url, l.QueueARN("chime"), "chime"} {
		require.NoError(t, l.Send(ref, ref))
	}
	require.ElementsMatch(t, []string{url, l.QueueARN("chime"), "chime"}, bodies(l.receive(t, &url, 0)))
	require.NoError(t, l.Notify(arn, "to nobody"))

	_, err = l.CreateQueue("no good")
	require.ErrorContains(t, err, `creating queue "no good"`)
	_, err = l.CreateTopic("no good")
	require.ErrorContains(t, err, `creating topic "no good"`)
	require.ErrorContains(t, l.Send("none", "x"), `sending to queue "none"`)
	require.Error(t, l.Notify(arn, ""))
	require.Error(t, l.Notify(l.TopicARN("none"), "x"))
}

func TestPublishBatchIsRefusedAsAWhole(t *testing.T) {
	l := start(t, awslocal.Options{})
	topic := l.topic(t, "1")
	publish := func(ids string) string {
		var entries []types.PublishBatchRequestEntry
		for id := range strings.SplitSeq(ids, "") {
			entries = append(entries, types.PublishBatchRequestEntry{Id: aws.String(id), Message: aws.String("x")})
		}
		_, err := l.sns.PublishBatch(t.Context(), &sns.PublishBatchInput{TopicArn: topic, PublishBatchRequestEntries: entries})
		return code(err)
	}
	require.Equal(t, "BatchEntryIdsNotDistinct", publish("aba"))
	require.Equal(t, "TooManyEntriesInBatchRequest", publish("abcdefghijk"))
	require.Empty(t, publish("abcdefghij"))
}

func TestHTTPSEndpointIsTrustedByItsCA(t *testing.T) {
	got := make(chan struct{}, 1)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got <- struct{}{} }))
	srv.StartTLS()
	t.Cleanup(srv.Close)
	pool := srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	l := start(t, awslocal.Options{RootCAs: pool})
	_, err := l.sns.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: l.topic(t, "1"), Protocol: aws.String("https"), Endpoint: &srv.URL,
	})
	require.NoError(t, err)
	take(t, got)
}

// Closing must end what is under way: a long poll, a delivery that waits for its retry, and one that hangs.
func TestCloseEndsEverything(t *testing.T) {
	srv, err := awslocal.Start(awslocal.Options{})
	require.NoError(t, err)
	hanging, release := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(hanging)
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(release); slow.Close() })
	require.NoError(t, srv.PutRule(awslocal.Rule{Name: "r", Destination: &awslocal.Destination{URL: slow.URL}}))
	require.NoError(t, srv.Inject([]byte(chimeEvent)))
	take(t, hanging)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, srv.Close(ctx))
}
