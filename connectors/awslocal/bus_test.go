package awslocal_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
)

const chimeEvent = `{"version":"0","id":"c1f7a9de-20b4-7d35-9f1a-6e8b03d4c2a1","detail-type":"Chime Meeting State Change",` +
	`"source":"aws.chime","account":"444455556666","time":"2025-10-09T08:53:20Z","region":"us-east-1","resources":[],` +
	`"detail":{"eventType":"chime:MeetingStarted","timestamp":1760000000001,"meetingId":"3f0c9a52"}}`

func entry(source, detailType, detail string) types.PutEventsRequestEntry {
	return types.PutEventsRequestEntry{Source: &source, DetailType: &detailType, Detail: &detail}
}

func TestPutEventsFailsByEntry(t *testing.T) {
	l := start(t, awslocal.Options{})
	url := l.queue(t, "out", nil)
	require.NoError(t, l.PutRule(awslocal.Rule{Name: "r", Sources: []string{"my.app"}, Queue: *url}))
	dated := entry("my.app", "Kind", `{"n":1}`)
	dated.Time, dated.Resources = aws.Time(time.Unix(1_760_000_000, 0)), []string{"arn:x"}
	out, err := l.events.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		dated, entry("aws.chime", "Kind", `{}`), entry("my.app", "Kind", `[1]`), entry("my.app", "", `{}`),
		entry("other.app", "Kind", `{}`),
	}})
	require.NoError(t, err)
	require.EqualValues(t, 3, out.FailedEntryCount)
	codes := make([]string, len(out.Entries))
	for i, e := range out.Entries {
		codes[i] = aws.ToString(e.ErrorCode)
	}
	require.Equal(t, []string{"", "NotAuthorizedForSourceException", "MalformedDetail", "InvalidArgument", ""}, codes)

	got := l.receive(t, url, 0)
	require.Len(t, got, 1, "the rule matches one source")
	require.JSONEq(t, `{"version":"0","id":"`+*out.Entries[0].EventId+`","detail-type":"Kind","source":"my.app",`+
		`"account":"444455556666","time":"2025-10-09T08:53:20Z","region":"us-east-1","resources":["arn:x"],"detail":{"n":1}}`,
		*got[0].Body)
}

func TestPutEventsRefusesTooMuch(t *testing.T) {
	l := start(t, awslocal.Options{})
	put := func(entries ...types.PutEventsRequestEntry) error {
		_, err := l.events.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: entries})
		return err
	}
	many := make([]types.PutEventsRequestEntry, 11)
	for i := range many {
		many[i] = entry("a", "b", "{}")
	}
	require.Equal(t, "ValidationException", code(put(many...)))
	require.NoError(t, put(many[:10]...))
	const around = len("a") + len("b") + len(`{"x":""}`)
	fits := `{"x":"` + strings.Repeat("y", 1<<20-around) + `"}`
	require.NoError(t, put(entry("a", "b", fits)))
	require.Equal(t, "ValidationException", code(put(entry("a", "bb", fits))))
}

func TestServiceEventIsHandedOnAsItIs(t *testing.T) {
	l, e := start(t, awslocal.Options{}), newEndpoint(t)
	url := l.queue(t, "out", nil)
	require.NoError(t, l.PutRule(awslocal.Rule{
		Name: "chime", Sources: []string{"aws.chime"}, DetailTypes: []string{"Chime Meeting State Change"}, Queue: *url,
		Destination: &awslocal.Destination{URL: e.url, KeyHeader: "x-api-key", Key: "k"},
	}))
	require.NoError(t, l.Inject([]byte(chimeEvent)))
	require.Equal(t, []string{chimeEvent}, bodies(l.receive(t, url, 0)))
	p := take(t, e.got)
	require.Equal(t, chimeEvent, string(p.body)) //nolint:testifylint // byte for byte
	require.Equal(t, "k", p.header.Get("X-Api-Key"))
	require.Equal(t, "Amazon/EventBridge/ApiDestinations", p.header.Get("User-Agent"))
	require.Equal(t, "application/json; charset=utf-8", p.header.Get("Content-Type"))
	require.Equal(t, "bytes=0-1048575", p.header.Get("Range"))
	require.Equal(t, "gzip,deflate", p.header.Get("Accept-Encoding"))
	require.True(t, p.close, "one connection for each event")

	require.NoError(t, l.Inject([]byte(strings.Replace(chimeEvent, "Chime Meeting", "Other", 1))))
	require.Error(t, l.Inject([]byte(`{"source":"aws.chime"}`)))
	require.Error(t, l.Inject([]byte(`{`)))
	l.DeleteRule("chime")
	require.NoError(t, l.Inject([]byte(chimeEvent)))
	l.untilBacklog(t, 0)
	require.Empty(t, l.receive(t, url, 0))
	require.Equal(t, uint64(2), l.Stats().EventBridge.Delivered)
}

func TestDestinationIsRetried(t *testing.T) {
	for _, code := range []int{401, 407, 409, 429, 500, 503} {
		l, e := start(t, awslocal.Options{}), newEndpoint(t)
		require.NoError(t, l.PutRule(awslocal.Rule{Name: "r", Destination: &awslocal.Destination{
			URL: e.url, User: "user", Password: "word", Initial: time.Millisecond,
		}}))
		e.then(status(code))
		require.NoError(t, l.Inject([]byte(chimeEvent)))
		require.Equal(t, "Basic dXNlcjp3b3Jk", take(t, e.got).header.Get("Authorization"))
		require.Equal(t, chimeEvent, string(take(t, e.got).body)) //nolint:testifylint // byte for byte
		l.untilBacklog(t, 0)
		require.Equal(t, awslocal.DeliveryStats{Delivered: 1, Retried: 1}, l.Stats().EventBridge)
	}
}

func TestDestinationHonoursRetryAfter(t *testing.T) {
	l, e := start(t, awslocal.Options{}), newEndpoint(t)
	require.NoError(t, l.PutRule(awslocal.Rule{Name: "r", Destination: &awslocal.Destination{
		URL: e.url, Initial: time.Millisecond,
	}}))
	retryAfter := func(value string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", value)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	e.then(retryAfter("3600"), retryAfter(time.Now().Add(2*time.Hour).UTC().Format(http.TimeFormat)), retryAfter("-1"))
	require.NoError(t, l.Inject([]byte(chimeEvent)))
	take(t, e.got)
	for _, wait := range []time.Duration{time.Hour, time.Hour + time.Second} {
		l.untilIdle(t)
		select {
		case <-e.got:
			require.FailNow(t, "retried before its time")
		case <-time.After(50 * time.Millisecond):
		}
		l.Advance(wait)
		take(t, e.got)
	}
	l.untilBacklog(t, 0)
	require.Equal(t, awslocal.DeliveryStats{Retried: 2, Dropped: 1}, l.Stats().EventBridge, "-1 forbids a retry")
}

func TestEventIsGivenUpIntoTheDeadLetterQueue(t *testing.T) {
	l, e := start(t, awslocal.Options{}), newEndpoint(t)
	dead := l.queue(t, "dead", map[string]string{"VisibilityTimeout": "43200"})
	rule := awslocal.Rule{Name: "r", Destination: &awslocal.Destination{
		URL: e.url, Initial: time.Millisecond, Retries: 1, DeadLetter: *dead,
	}}
	require.NoError(t, l.PutRule(rule))
	reason := func() map[string]string {
		l.untilBacklog(t, 0)
		got := l.receive(t, dead, 0)
		require.Equal(t, []string{chimeEvent}, bodies(got))
		out := make(map[string]string)
		for name, a := range got[0].MessageAttributes {
			out[name] = *a.StringValue
		}
		return out
	}
	e.then(status(500), status(502))
	require.NoError(t, l.Inject([]byte(chimeEvent)))
	why := reason()
	require.Equal(t, "502", why["ERROR_CODE"])
	require.Equal(t, "MaximumRetryAttempts", why["EXHAUSTED_RETRY_CONDITION"])
	require.Equal(t, "1", why["RETRY_ATTEMPTS"])
	require.Equal(t, "arn:aws:events:us-east-1:444455556666:rule/r", why["RULE_ARN"])

	e.then(status(400))
	require.NoError(t, l.Inject([]byte(chimeEvent)))
	require.Equal(t, "NotRetryable", reason()["EXHAUSTED_RETRY_CONDITION"])

	rule.Destination.Retries, rule.Destination.MaxAge, rule.Destination.Initial = 0, time.Minute, 2*time.Minute
	require.NoError(t, l.PutRule(rule))
	e.then(status(500), status(500))
	require.NoError(t, l.Inject([]byte(chimeEvent)))
	require.Eventually(t, func() bool { l.Advance(time.Minute); return l.Stats().Backlog == 0 }, 10*time.Second, time.Millisecond)
	require.Equal(t, "MaximumEventAgeInSeconds", reason()["EXHAUSTED_RETRY_CONDITION"])
	require.Equal(t, uint64(3), l.Stats().EventBridge.DeadLettered)
}

func TestDestinationRateIsKept(t *testing.T) {
	l, e := start(t, awslocal.Options{}), newEndpoint(t)
	require.NoError(t, l.PutRule(awslocal.Rule{Name: "r", Destination: &awslocal.Destination{URL: e.url, Rate: 1}}))
	began, calls := time.Now(), 1
	for range 3 {
		require.NoError(t, l.Inject([]byte(chimeEvent)))
	}
	take(t, e.got)
	l.untilIdle(t)
	select {
	case <-e.got: // A busy machine may be at it for longer than a second.
		require.GreaterOrEqual(t, time.Since(began), time.Second, "two calls in one second")
		calls++
	case <-time.After(50 * time.Millisecond):
	}
	l.Advance(2 * time.Second)
	for ; calls < 3; calls++ {
		take(t, e.got)
	}
}

func TestBacklogIsBounded(t *testing.T) {
	l, e := start(t, awslocal.Options{MaxDeliveries: 1}), newEndpoint(t)
	require.NoError(t, l.PutRule(awslocal.Rule{Name: "r", Destination: &awslocal.Destination{URL: e.url}}))
	e.then(status(500))
	require.NoError(t, l.Inject([]byte(chimeEvent)))
	take(t, e.got)
	require.ErrorContains(t, l.Inject([]byte(chimeEvent)), "ThrottlingException")
	out, err := l.events.PutEvents(t.Context(), &eventbridge.PutEventsInput{
		Entries: []types.PutEventsRequestEntry{entry("a", "b", "{}")},
	})
	require.NoError(t, err)
	require.Equal(t, "ThrottlingException", *out.Entries[0].ErrorCode)
}

func TestRulesAreValidated(t *testing.T) {
	l := start(t, awslocal.Options{})
	err := l.PutRule(awslocal.Rule{Destination: &awslocal.Destination{URL: "ftp://x", Retries: 186, Rate: -1, Key: "secret"}})
	for _, part := range []string{"name:", "destination.url:", "destination.retries:", "destination: rate"} {
		require.ErrorContains(t, err, part)
	}
	require.NotContains(t, err.Error(), "secret")
	require.ErrorContains(t, l.PutRule(awslocal.Rule{Name: "r"}), "queue, destination:")
	_, err = awslocal.Start(awslocal.Options{Region: "nowhere", Account: "1", Workers: 5000})
	for _, part := range []string{"region:", "account:", "workers:"} {
		require.ErrorContains(t, err, part)
	}
	require.True(t, json.Valid([]byte(chimeEvent)))
}
