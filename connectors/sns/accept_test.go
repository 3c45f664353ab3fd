package sns_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/connectors/sns"
	"carillon/pipeline/pipelinetest"
)

const event = `{"version":"0","source":"aws.chime","account":"222233334444","region":"eu-west-1",` +
	`"detail-type":"Chime Meeting State Change","time":"2026-02-11T10:29:58.911Z","detail":{"version":"0",` +
	`"eventType":"chime:AttendeeLeft","timestamp":1770805798911,"meetingId":"d20f7c11-8a63-4e19-a5de-09b7c24f1706",` +
	`"attendeeId":"7a90c6e2-1f3b-bd84-6c25-e1d0f8472b5a","externalUserId":"nurse-12","networkType":"Voip"}}`

// accepted are notifications that must be stored.
func accepted() map[string]message {
	return map[string]message{
		"version 1":           notification(event),
		"version 2":           notification(event).with("SignatureVersion", "2"),
		"subject":             notification(event).with("Subject", "Chime"),
		"subject, version 2":  notification(event).with("Subject", "Chime").with("SignatureVersion", "2"),
		"null subject":        notification(event).with("Subject", nil),
		"empty subject":       notification(event).with("Subject", ""),
		"empty message":       notification(""),
		"control characters":  notification("a\x00b\x01c\td\r\ne\x1f\x7f"),
		"non-ASCII":           notification("Grüße, 会議, \u2028 \U0001F514").with("Subject", "Klänge"),
		"HTML":                notification(`<a href="x">&</a>`),
		"lines like fields":   notification("a\nMessageId\nb\nType\nNotification\n"),
		"attributes":          notification(event).with("MessageAttributes", message{"a": message{"Type": "String", "Value": "b"}}),
		"brackets in a text":  notification(strings.Repeat(`{["\"`, 40)).with("MessageAttributes", json.RawMessage(strings.Repeat("[", 15)+`"]]\\"`+strings.Repeat("]", 15))),
		"no unsubscribe URL":  notification(event).without("UnsubscribeURL"),
		"port 443":            notification(event).with("SigningCertURL", strings.Replace(certURL, ".com/", ".com:443/", 1)),
		"whole seconds":       notification(event).with("Timestamp", "2026-02-11T10:29:59Z"),
		"zero milliseconds":   notification(event).with("Timestamp", "2026-02-11T10:29:59.000Z"),
		"an hour old":         notification(event).with("Timestamp", "2026-02-11T09:15:01Z"),
		"ahead of this clock": notification(event).with("Timestamp", "2026-02-11T10:44:59Z"),
	}
}

func TestLargestMessageIsStored(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	body := h.signer.body(t, notification(strings.Repeat("\x01", 256<<10)))
	require.Equal(t, http.StatusOK, h.post(bytes.Clone(body), nil).Code)
	require.Equal(t, string(body), string(out.Stored()[0].Body))
}

// TestRedeliveryIsAnOrdinaryNotification sends one MessageId several times: it is for the stages behind to know copies.
func TestRedeliveryIsAnOrdinaryNotification(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	body := h.signer.body(t, notification(event))
	for range 3 {
		require.Equal(t, http.StatusOK, h.post(bytes.Clone(body), nil).Code)
	}
	require.Len(t, out.Stored(), 3)
}

func TestHeadersDecideNothing(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	w := h.post(h.signer.body(t, notification(event)), func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-Amz-Sns-Message-Type", "UnsubscribeConfirmation")
		r.Header.Set("X-Amz-Sns-Topic-Arn", "arn:aws:sns:eu-west-1:999900001111:other")
		r.Header.Set("X-Amz-Sns-Rawdelivery", "false")
	})
	require.Equal(t, http.StatusOK, w.Code)
	require.Len(t, out.Stored(), 1)
}

// TestEscapesDoNotMatter writes the same message in the ways JSON allows: the signature is over the text.
func TestEscapesDoNotMatter(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	m := h.signer.sign(t, notification("Grüße/🔔"))
	plain := string(m.json(t))
	for _, spelling := range []string{"Grüße/🔔", `Gr\u00fc\u00dfe\/\ud83d\udd14`, `\u0047rüße\u002f🔔`} {
		body := strings.Replace(plain, "Grüße/🔔", spelling, 1)
		w := h.post([]byte(" \n"+body+"\t"), nil)
		require.Equal(t, http.StatusOK, w.Code, spelling)
	}
	require.Len(t, out.Stored(), 3)
}

// TestAnyTextIsVerified signs any text and changes any signed field of it.
func TestAnyTextIsVerified(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	rapid.Check(t, func(rt *rapid.T) {
		m := notification(rapid.String().Draw(rt, "message"))
		if rapid.Bool().Draw(rt, "has subject") {
			m["Subject"] = rapid.String().Draw(rt, "subject")
		}
		m["SignatureVersion"] = rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "version")
		h.signer.sign(t, m)
		stored := len(out.Stored())
		require.Equal(t, http.StatusOK, h.post(m.json(t), nil).Code)
		require.Len(t, out.Stored(), stored+1)

		name := rapid.SampledFrom([]string{"Message", "MessageId", "Subject", "Timestamp"}).Draw(rt, "changed")
		changed := map[string]string{
			"Message": "x", "MessageId": "x", "Subject": "x", "Timestamp": "2026-02-11T10:29:58.120Z",
		}[name]
		if name != "Timestamp" {
			old, _ := m[name].(string)
			changed += old
		}
		before := h.refusals(t)["signature"]
		require.Equal(t, http.StatusForbidden, h.post(m.with(name, changed).json(t), nil).Code)
		require.Equal(t, before+1, h.refusals(t)["signature"])
		require.Len(t, out.Stored(), stored+1)
	})
}

// TestUnsignedNamesAreLeftOut adds names, after signing, that a reader of shapes could take for another shape.
func TestUnsignedNamesAreLeftOut(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	m := h.signer.sign(t, notification(event).with("Subject", "Chime"))
	m["detail-type"], m["detail"], m["Records"] = "Chime Meeting State Change", message{}, []any{}
	m["message"], m["type"] = "forged", "forged"
	require.Equal(t, http.StatusOK, h.post(m.json(t), nil).Code)
	require.Len(t, out.Stored(), 1)
	var got map[string]string
	require.NoError(t, json.Unmarshal(out.Stored()[0].Body, &got))
	require.Equal(t, map[string]string{
		"Type": "Notification", "Message": event, "Subject": "Chime", "TopicArn": topicArn,
		"MessageId": "0c9d1f6e-2b44-5f0a-9d0e-42f7a1c3e500", "Timestamp": "2026-02-11T10:29:59.120Z",
	}, got)
}

func TestNoAgeLimit(t *testing.T) {
	h, out := build(t, func(c *sns.Config) { c.MaxAge = 0 }), &pipelinetest.Emitter{}
	h.run(t, out)
	m := notification(event).with("Timestamp", "2011-02-11T10:29:59Z")
	require.Equal(t, http.StatusOK, h.post(h.signer.body(t, m), nil).Code)
	require.Len(t, out.Stored(), 1)
}

func TestNamesOfRegions(t *testing.T) {
	tests := []struct{ arn, host, name string }{
		{"arn:aws:sns:us-east-1:222233334444:t", "sns.us-east-1.amazonaws.com", "sns.amazonaws.com"},
		{"arn:aws:sns:af-south-1:222233334444:t", "sns.af-south-1.amazonaws.com", "sns-signing.af-south-1.amazonaws.com"},
		{"arn:aws:sns:xx-north-9:222233334444:t", "sns.xx-north-9.amazonaws.com", "sns-signing.xx-north-9.amazonaws.com"},
		{"arn:aws-us-gov:sns:us-gov-east-1:222233334444:t", "sns.us-gov-east-1.amazonaws.com", "sns-us-gov-west-1.amazonaws.com"},
		{"arn:aws-cn:sns:cn-north-1:222233334444:t", "sns.cn-north-1.amazonaws.com.cn", "sns-cn-north-1.amazonaws.com.cn"},
		{"arn:aws-eusc:sns:eusc-de-east-1:222233334444:t", "sns.eusc-de-east-1.amazonaws.eu", "sns-signing.eusc-de-east-1.amazonaws.eu"},
		{"arn:aws-iso:sns:us-iso-east-1:222233334444:t", "sns.us-iso-east-1.c2s.ic.gov", "sns-us-iso-east-1.c2s.ic.gov"},
	}
	for _, tt := range tests {
		t.Run(tt.arn, func(t *testing.T) {
			h, out := build(t, func(c *sns.Config) { c.TopicArns = append(c.TopicArns, tt.arn) }), &pipelinetest.Emitter{}
			h.run(t, out)
			good := "https://" + tt.host + "/SimpleNotificationService-00000000000000000000000000000001.pem"
			wrong := "https://" + tt.host + "/SimpleNotificationService-00000000000000000000000000000002.pem"
			h.certs.serveFile(good, h.signer.certificate(t, certOptions{commonName: tt.name, names: []string{"x.example", tt.name}}))
			h.certs.serveFile(wrong, h.signer.certificate(t, certOptions{commonName: "sns." + tt.name}))
			m := notification(event).with("TopicArn", tt.arn)
			require.Equal(t, http.StatusOK, h.post(h.signer.body(t, m.with("SigningCertURL", good)), nil).Code)
			require.Equal(t, http.StatusForbidden, h.post(h.signer.body(t, m.with("SigningCertURL", wrong)), nil).Code)
			require.Equal(t, 1, h.refusals(t)["cert_name"])
		})
	}
}

// unwrapped is the Message in a stored wrapper.
func unwrapped(t *testing.T, body []byte) string {
	t.Helper()
	var w struct{ Message string }
	require.NoError(t, json.Unmarshal(body, &w))
	return w.Message
}
