package chime_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/chime"
)

const advice = "send the matched event unchanged, without an input transformer"

// verdict is what an error says, in short.
func verdict(err error) string {
	if err == nil {
		return "ok"
	}
	if filtered, ok := errors.AsType[*chime.Filtered](err); ok {
		return string(filtered.Reason)
	}
	if unreadable, ok := errors.AsType[*chime.Unreadable](err); ok {
		return string(unreadable.Reason)
	}
	return "unexpected: " + err.Error()
}

func TestBodyIsTheNotificationByteForByte(t *testing.T) {
	envelope := load(t, "eventbridge", "chime.AttendeeJoined")
	spaced := "\n {" + strings.ReplaceAll(string(envelope[1:]), ",", " ,\t") + "\r\n"
	for name, c := range map[string]struct{ body, want string }{
		"bare":   {spaced, spaced},
		"sns":    {`{"Type":"Notification","Message":` + quoted(t, []byte(spaced)) + `}`, spaced},
		"record": {`{"messageId":"1","body":` + quoted(t, []byte(spaced)) + `}`, spaced},
		"parsed": {`{"messageId":"1","body": ` + string(envelope) + ` }`, string(envelope)},
		"pipes":  {`[ ` + string(envelope) + ` ]`, string(envelope)},
	} {
		items := chime.Read(nil, []byte(c.body), arrival)
		require.Len(t, items, 1, name)
		require.NoError(t, items[0].Err, name)
		require.Equal(t, c.want, string(items[0].Body), name)
		require.Equal(t, record(t, envelope), items[0].Record, name)
	}
}

func TestReadAppendsAndLeavesTheInputAlone(t *testing.T) {
	body := load(t, "sns", "chime.MeetingEnded")
	before := slices.Clone(body)
	dst := chime.Read(make([]chime.Item, 0, 8), body, arrival)
	dst = chime.Read(dst, []byte(`nonsense`), arrival)
	require.Len(t, dst, 2)
	require.Equal(t, "chime:MeetingEnded", dst[0].Record.Kind)
	require.Error(t, dst[1].Err)
	for i := range dst {
		_ = append(dst[i].Body, "overwritten?"...)
	}
	require.Equal(t, before, body)
}

// wrap puts an element of a Lambda or Pipes batch around a body, in the way that n chooses.
func wrap(tb require.TestingT, body []byte, n int) string {
	sns := `{"Type":"Notification","MessageId":"m","Subject":null,"Message":` + quoted(tb, body) + `,"SigningCertUrl":"u"}`
	switch n % 4 {
	case 0:
		return string(body)
	case 1:
		return `{"messageId":"m","eventSource":"aws:sqs","attributes":{},"body":` + quoted(tb, body) + `}`
	case 2:
		return `{"EventVersion":"1.0","EventSource":"aws:sns","Sns":` + sns + `}`
	default:
		return `{"messageId":"m","eventSource":"aws:sqs","body":` + quoted(tb, []byte(sns)) + `}`
	}
}

func TestEveryElementHasItsOwnVerdict(t *testing.T) {
	good := fixtures(t, shapes...)
	bad := []string{
		`null`, `7`, `"text"`, `{}`, `[]`, `{"detail-type":"x"}`, `{"detail-type":"Chime Meeting State Change","detail":{}}`,
		`{"body":"not json"}`, `{"Type":"Notification","Message":"{"}`, `{"Sns":{}}`,
		`[{}]`, `{"a":` + strings.Repeat(`[`, 70) + strings.Repeat(`]`, 70) + `}`,
	}
	rapid.Check(t, func(t *rapid.T) {
		var elements []string
		var want []bool
		for range rapid.IntRange(1, 12).Draw(t, "elements") {
			if rapid.Bool().Draw(t, "good") {
				f := rapid.SampledFrom(good).Draw(t, "fixture")
				elements = append(elements, wrap(t, f.body, rapid.IntRange(0, 3).Draw(t, "wrapper")))
				want = append(want, true)
			} else {
				elements = append(elements, rapid.SampledFrom(bad).Draw(t, "bad"))
				want = append(want, false)
			}
		}
		body := `[` + strings.Join(elements, " , ") + `]`
		if rapid.Bool().Draw(t, "lambda") {
			body = `{"Records":` + body + `}`
		}
		items := chime.Read(nil, []byte(body), arrival)
		require.Len(t, items, len(elements))
		for i, item := range items {
			require.Equal(t, want[i], item.Err == nil, "element %d: %v", i, item.Err)
			if item.Err != nil {
				require.Equal(t, elements[i], string(item.Body))
				require.ErrorContains(t, item.Err, fmt.Sprintf("[%d]", i))
			}
		}
	})
}

func TestVerdicts(t *testing.T) {
	meeting := `{"source":"aws.chime","detail-type":"Chime Meeting State Change","time":"2026-01-02T03:04:05Z","detail":%s}`
	for _, c := range []struct{ body, reason, detail string }{
		{"", "empty", "nothing to read"},
		{" \n", "empty", "nothing to read"},
		{`[]`, "empty", "a batch without elements"},
		{`{"Records":[]}`, "empty", "a batch without elements"},
		{`{"a":1`, "invalid_json", "not valid JSON at byte 6: " + advice},
		{`{"a":1}x`, "invalid_json", "not valid JSON at byte 7: " + advice},
		{`{"a":1}{}`, "invalid_json", "more than one JSON value: " + advice},
		{`[{},]`, "invalid_json", "not valid JSON at byte 3: " + advice},
		{"{\"a\":\"\xff\"}", "invalid_json", "not valid JSON at byte 6: " + advice},
		{`1 2`, "invalid_json", "more than one JSON value: " + advice},
		{`true`, "not_an_object", "a notification is a JSON object: " + advice},
		{`{"Type":"Notification","Message":"hello"}`, "invalid_json", "Message: not valid JSON at byte 0: " + advice},
		{`{"Type":"Notification","Message":""}`, "empty", "Message: nothing to read"},
		{`{"Type":"SubscriptionConfirmation","Message":"{}"}`, "no_detail_type", "detail-type is missing: " + advice},
		{`{"source":"aws.chime","detail":{"eventType":"x"}}`, "no_detail_type", "detail-type is missing: " + advice},
		{`{"detail-type":5,"detail":{}}`, "no_detail_type", "detail-type is not a string: " + advice},
		{`{"detail-type":" ","detail":{}}`, "no_detail_type", "detail-type is empty: " + advice},
		{`{"detail-type":"x"}`, "no_detail", "detail is missing: " + advice},
		{`{"detail-type":"x","detail":"{}"}`, "no_detail", "detail is not an object: " + advice},
		{`{"detail-type":"SpeakerSearchStatus","id":"1","detail":{ }}`, "no_detail", "detail is empty: " + advice},
		{`{"detail-type":"x","detail":{"a":1}}`, "missing_field", "id and time are both missing: " + advice},
		{fmt.Sprintf(meeting, `{}`), "missing_field", "detail.eventType is missing or empty: " + advice},
		{fmt.Sprintf(meeting, `{"eventType":"chime:New"}`), "missing_field", "detail.timestamp is missing or empty: " + advice},
		{fmt.Sprintf(meeting, `{"eventType":"chime:New","timestamp":1,"meetingId":null}`), "missing_field", "detail.meetingId is missing or empty: " + advice},
		{fmt.Sprintf(meeting, `{"eventType":"chime:New","timestamp":1,"meetingId":{}}`), "missing_field", "detail.meetingId is an object or array, want a string: " + advice},
		{fmt.Sprintf(meeting, `{"eventType":"chime:AttendeeLeft","timestamp":1,"meetingId":"m"}`), "missing_field", "detail.attendeeId is missing or empty: " + advice},
		{fmt.Sprintf(meeting, `{"eventType":"chime:New","timestamp":"noon","meetingId":"m"}`), "bad_timestamp", "detail.timestamp is neither a number of milliseconds nor RFC 3339: " + advice},
		{fmt.Sprintf(meeting, `{"eventType":"chime:AttendeeNew","timestamp":1,"meetingId":"m"}`), "ok", ""},
		{fmt.Sprintf(meeting, `{"eventType":"chime:New","timestamp":"1","meetingId":7}`), "ok", ""},
		{`{"detail-type":"Chime VoiceConnector Streaming Status","detail":{"streamingStatus":"FAILED"}}`, "missing_field", "none of detail.callId, detail.transactionId, detail.voiceConnectorId is there: " + advice},
		{`{"detail-type":"Chime VoiceConnector Streaming Status","detail":{"streamingStatus":"FAILED","voiceConnectorId":"v"}}`, "ok", ""},
		{`{"detail-type":"AWS API Call via CloudTrail","source":"aws.chime"}`, "cloudtrail", ""},
		{`{"detail-type":"Order Placed","source":"shop","detail":{}}`, "foreign_source", ""},
		{`{"detail-type":"Order Placed","source":"aws.chime.copy","detail":{}}`, "foreign_source", ""},
		{`{"SchemaVersion":"1.0","InvocationEventType":"NEW_INBOUND_CALL","CallDetails":{}}`, "sip_media_application", ""},
		{nest(6, `{"detail-type":"x","time":"t","detail":{}}`, t), "too_deep", strings.Repeat("body.", 5) + "body: wrapped more than 5 times"},
		{nest(5, `{"detail-type":"x","time":"t","detail":{}}`, t), "ok", ""},
		{`{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, "too_deep", "nested more than 64 levels deep"},
		{`{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, "no_detail_type", "detail-type is missing: " + advice},
		{`[` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `]`, "too_deep", "nested more than 1000 levels deep"},
		{`[` + strings.Repeat("1,", 10000) + `1]`, "too_many", "more than 10000 elements: send smaller batches"},
	} {
		items := chime.Read(nil, []byte(c.body), arrival)
		require.Len(t, items, 1, c.body)
		require.Equal(t, c.reason, verdict(items[0].Err), "%.100s: %v", c.body, items[0].Err)
		if c.detail != "" {
			var u *chime.Unreadable
			require.ErrorAs(t, items[0].Err, &u)
			require.Equal(t, c.detail, u.Detail)
			require.Equal(t, c.body, string(items[0].Body), "an unreadable body stays whole")
		}
	}
}

// nest wraps text in n SQS records.
func nest(n int, text string, tb require.TestingT) string {
	for range n {
		text = `{"body":` + quoted(tb, []byte(text)) + `}`
	}
	return text
}

func TestABatchHoldsTenThousand(t *testing.T) {
	envelope := string(load(t, "direct", "chime.MeetingStarted"))
	items := chime.Read(nil, []byte(`[`+strings.Repeat(envelope+",", 9999)+envelope+`]`), arrival)
	require.Len(t, items, 10000)
	for _, item := range items {
		require.NoError(t, item.Err)
	}
}

func TestTheLastOfARepeatedNameCounts(t *testing.T) {
	for _, name := range []string{"eventType", "timestamp", "meetingId", "attendeeId"} {
		body := string(load(t, "direct", "chime.AttendeeLeft"))
		twice := strings.Replace(body, `"detail":{`, `"detail":{"`+name+`":"1",`, 1)
		require.NotEqual(t, body, twice)
		require.Equal(t, record(t, []byte(body)), record(t, []byte(twice)), name)
		last := strings.TrimSuffix(twice, `}}`) + `,"` + name + `":"2"}}`
		require.NotEqual(t, record(t, []byte(body)).ID, record(t, []byte(last)).ID, name)
	}
}

func TestNamesMayBeEscaped(t *testing.T) {
	body := string(load(t, "direct", "chime.AttendeeLeft"))
	escaped := strings.NewReplacer(`"detail"`, `"d\u0065tail"`, `"meetingId"`, `"meeting\u0049d"`, `chime:Att`, `chime\u003aAtt`).Replace(body)
	require.NotEqual(t, body, escaped)
	require.Equal(t, record(t, []byte(body)), record(t, []byte(escaped)))
}

func TestVerdictsNeverQuoteThePayload(t *testing.T) {
	const secret = "tell-nobody"
	seen := map[chime.Reason]bool{}
	for _, body := range []string{
		secret, `"` + secret + `"`, `{"` + secret + `":`, `{"` + secret + `":tru`, `[{"body":"` + secret + `"}]`,
		`{"a":{"` + secret + `":"` + secret + `}`, `{"` + secret + `":"` + secret + `"}`,
		`{"detail-type":"` + secret + `"}`, `{"detail-type":"` + secret + `","detail":{"` + secret + `":1}}`,
		`{"detail-type":"Chime Meeting State Change","detail":{"eventType":"` + secret + `"}}`,
		`{"detail-type":"Chime Meeting State Change","detail":{"eventType":"` + secret + `","meetingId":"` + secret + `","timestamp":"` + secret + `"}}`,
		`{"detail-type":"` + secret + `","source":"` + secret + `"}`,
	} {
		for _, item := range chime.Read(nil, []byte(body), arrival) {
			require.Error(t, item.Err)
			require.NotContains(t, item.Err.Error(), secret)
			if u, ok := errors.AsType[*chime.Unreadable](item.Err); ok {
				seen[u.Reason] = true
			}
		}
	}
	require.Greater(t, len(seen), 5)
}

func TestReasonsAreComplete(t *testing.T) {
	want := []string{
		"empty", "invalid_json", "not_an_object", "too_deep", "too_many",
		"no_detail_type", "no_detail", "missing_field", "bad_timestamp",
	}
	var got []string
	for _, r := range chime.Reasons() {
		got = append(got, string(r))
	}
	require.Equal(t, want, got)
	require.Equal(t, []chime.FilterReason{"cloudtrail", "sip_media_application", "foreign_source"}, chime.FilterReasons())
	require.EqualError(t, &chime.Filtered{Reason: chime.FilterCloudTrail}, "filtered notification: cloudtrail")
	require.EqualError(t, &chime.Unreadable{Reason: chime.ReasonEmpty, Detail: "d"}, "unreadable notification (empty): d")
}
