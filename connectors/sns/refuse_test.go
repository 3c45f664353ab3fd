package sns_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/pipelinetest"
)

// forgery is a request that must be refused for one reason and store nothing.
type forgery struct {
	name   string
	reason string
	status int
	// message is signed by a good signer. Exactly one of message and body is set.
	message message
	// after changes the signed message.
	after func(message) message
	// body is sent as it is.
	body string
	// repeat is how often the body is sent; 0 means once.
	repeat int
	// method is POST where it is empty.
	method string
	// headers are set in the request.
	headers map[string]string
	// chunked says that the size of the body is not announced.
	chunked bool
	// cert is served in place of the good certificate.
	cert func(*testing.T, *signer) certAnswer
	// config is what differs in the configuration.
	config rowConfig
	// asks is how many requests for a certificate may be made.
	asks int
}

func certURLCase(name, reason, url string) forgery {
	return forgery{name: name, reason: reason, status: 403, message: notification(event).with("SigningCertURL", url)}
}

func certCase(name, reason string, o certOptions) forgery {
	return forgery{
		name: name, reason: reason, status: 403, message: notification(event), asks: 1,
		cert: func(t *testing.T, s *signer) certAnswer {
			t.Helper()
			return certAnswer{File: string(s.certificate(t, o))}
		},
	}
}

func fileCase(name, reason, file string) forgery {
	return forgery{
		name: name, reason: reason, status: 403, message: notification(event), asks: 1,
		cert: func(*testing.T, *signer) certAnswer { return certAnswer{File: file} },
	}
}

func set(name string, value any) func(message) message {
	return func(m message) message { return m.with(name, value) }
}

func remove(name string) func(message) message {
	return func(m message) message { return m.without(name) }
}

const certFile = "/SimpleNotificationService-0123456789abcdefABCDEF0123456789.pem"

func requestCases() []forgery {
	raw := map[string]string{"X-Amz-Sns-Rawdelivery": "true"}
	password := func(user, password string) map[string]string {
		return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))}
	}
	foreignRaw := password("topic", "pass:word")
	foreignRaw["X-Amz-Sns-Rawdelivery"], foreignRaw["X-Amz-Sns-Topic-Arn"] = "true", "arn:aws:sns:eu-west-1:999900001111:chime"
	return []forgery{
		{name: "GET", reason: "method", status: 405, message: notification(event), method: http.MethodGet},
		{name: "PUT", reason: "method", status: 405, message: notification(event), method: http.MethodPut},
		{name: "too large", reason: "too_large", status: 413, body: " ", repeat: 2<<20 + 1},
		{
			name: "too large in chunks", reason: "too_large", status: 413, body: " ", repeat: 2<<20 + 1, chunked: true,
		},
		{name: "raw header", reason: "raw_delivery", status: 403, message: notification(event), headers: raw},
		{name: "raw header, no JSON", reason: "raw_delivery", status: 403, body: "hello", headers: raw},
		{name: "wrong password", reason: "credentials", status: 401, message: notification(event), headers: password("topic", "password"), config: rowConfig{Basic: true}},
		{name: "wrong user", reason: "credentials", status: 401, message: notification(event), headers: password("tropic", "pass:word"), config: rowConfig{Basic: true}},
		{name: "token for a password", reason: "credentials", status: 401, message: notification(event), headers: map[string]string{"Authorization": "Bearer pass:word"}, config: rowConfig{Basic: true}},
		{name: "raw with a wrong password", reason: "credentials", status: 401, body: event, headers: password("topic", ""), config: rowConfig{Basic: true, Raw: true}},
		{name: "raw of a foreign topic", reason: "foreign_topic", status: 403, body: event, headers: foreignRaw, config: rowConfig{Basic: true, Raw: true}},
		{name: "raw without the header", reason: "raw_delivery", status: 403, body: event, headers: password("topic", "pass:word"), config: rowConfig{Basic: true, Raw: true}},
		{name: "raw event", reason: "raw_delivery", status: 403, body: event},
		{name: "raw array", reason: "raw_delivery", status: 403, body: "[" + event + "]"},
		{name: "raw string", reason: "raw_delivery", status: 403, body: `"hello"`},
		{name: "empty object", reason: "raw_delivery", status: 403, body: "{}"},
		{name: "empty", reason: "malformed", status: 400, body: ""},
		{name: "text", reason: "malformed", status: 400, body: "hello"},
		{name: "not UTF-8", reason: "malformed", status: 400, body: "{\"Type\":\"\xff\"}"},
		{name: "lone surrogate", reason: "malformed", status: 400, body: `{"Type":"\ud800"}`},
		{name: "truncated in a name", reason: "malformed", status: 400, body: `{"Ty`},
		{name: "truncated in a value", reason: "malformed", status: 400, body: `{"Type":"Notifi`},
		{name: "truncated after a value", reason: "malformed", status: 400, body: `{"Type":"Notification"`},
		{name: "truncated array", reason: "malformed", status: 400, body: `[{"Type":"Notification"}`},
		{name: "deep array", reason: "malformed", status: 400, message: notification(event).with("MessageAttributes", json.RawMessage(strings.Repeat("[", 16)+strings.Repeat("]", 16)))},
		{name: "deep object", reason: "malformed", status: 400, body: strings.Repeat(`{"a":`, 16) + "{}" + strings.Repeat("}", 16)},
		{name: "Type twice", reason: "malformed", status: 400, body: `{"Type":"Notification","Type":"Notification"}`},
		{name: "Type twice, escaped", reason: "malformed", status: 400, body: `{"Type":"Notification","T\u0079pe":"x"}`},
		{name: "name twice inside", reason: "malformed", status: 400, body: `{"MessageAttributes":{"a":1,"a":2}}`},
		{name: "Type of another kind", reason: "malformed", status: 400, message: notification(event), after: set("Type", 1)},
		{name: "Message of another kind", reason: "malformed", status: 400, message: notification(event), after: set("Message", message{})},
		{name: "null Message", reason: "malformed", status: 400, message: notification(event), after: set("Message", nil)},
		{name: "line end in MessageId", reason: "malformed", status: 400, message: notification(event).with("MessageId", "a\nSubject\nb")},
		{name: "unknown Type", reason: "unknown_type", status: 400, message: notification(event).with("Type", "Alarm")},
		{name: "Type in lower case", reason: "unknown_type", status: 400, message: notification(event).with("Type", "notification")},
		{name: "type", reason: "raw_delivery", status: 403, message: notification(event).with("type", "Notification"), after: remove("Type")},
		{name: "no MessageId", reason: "missing_field", status: 400, message: notification(event).without("MessageId")},
		{name: "no Signature", reason: "missing_field", status: 400, message: notification(event), after: remove("Signature")},
		{name: "no SigningCertURL", reason: "missing_field", status: 400, message: notification(event).without("SigningCertURL")},
		{
			name: "SigningCertUrl as for Lambda", reason: "missing_field", status: 400,
			message: notification(event).with("SigningCertUrl", certURL).without("SigningCertURL"),
		},
		{name: "no Token", reason: "missing_field", status: 400, message: confirmation("SubscriptionConfirmation").without("Token")},
		{name: "no SubscribeURL", reason: "missing_field", status: 400, message: confirmation("UnsubscribeConfirmation").without("SubscribeURL")},
		{
			name: "foreign topic", reason: "foreign_topic", status: 403,
			message: notification(event).with("TopicArn", "arn:aws:sns:eu-west-1:222233334444:other"),
		},
		{name: "foreign account", reason: "foreign_topic", status: 403, message: notification(event).with("TopicArn", "arn:aws:sns:eu-west-1:999900001111:chime")},
		{
			name: "foreign confirmation", reason: "foreign_topic", status: 403,
			message: confirmation("SubscriptionConfirmation").with("TopicArn", "arn:aws:sns:eu-west-1:999900001111:chime"),
		},
		{name: "topic in upper case", reason: "foreign_topic", status: 403, message: notification(event).with("TopicArn", strings.ToUpper(topicArn))},
	}
}

func urlCases() []forgery {
	host := "https://sns.eu-west-1.amazonaws.com"
	return []forgery{
		certURLCase("no URL", "cert_url_malformed", "https://sns.eu-west-1.amazonaws.com:x/"),
		certURLCase("upper-case scheme", "cert_url_malformed", "HTTPS"+strings.TrimPrefix(host, "https")+certFile),
		certURLCase("escaped path", "cert_url_malformed", host+strings.Replace(certFile, "S", "%53", 1)),
		certURLCase("empty fragment", "cert_url_malformed", host+certFile+"#"),
		certURLCase("empty port", "cert_url_malformed", host+":"+certFile),
		certURLCase("http", "cert_url_scheme", "http"+strings.TrimPrefix(host, "https")+certFile),
		certURLCase("file", "cert_url_scheme", "file:///etc/passwd"),
		certURLCase("no scheme", "cert_url_scheme", "//sns.eu-west-1.amazonaws.com"+certFile),
		certURLCase("userinfo", "cert_url_userinfo", "https://sns.eu-west-1.amazonaws.com@evil.example"+certFile),
		certURLCase("userinfo before the right host", "cert_url_userinfo", "https://a:b@sns.eu-west-1.amazonaws.com"+certFile),
		certURLCase("other host", "cert_url_host", "https://evil.example"+certFile),
		certURLCase("host inside another", "cert_url_host", "https://sns.eu-west-1.amazonaws.com.evil.example"+certFile),
		certURLCase("host after another", "cert_url_host", "https://evilsns.eu-west-1.amazonaws.com"+certFile),
		certURLCase("bucket", "cert_url_host", "https://s3.eu-west-1.amazonaws.com"+certFile),
		certURLCase("other region", "cert_url_host", "https://sns.us-east-1.amazonaws.com"+certFile),
		certURLCase("other partition", "cert_url_host", "https://sns.eu-west-1.amazonaws.com.cn"+certFile),
		certURLCase("trailing dot", "cert_url_host", "https://sns.eu-west-1.amazonaws.com."+certFile),
		certURLCase("upper-case host", "cert_url_host", "https://SNS.eu-west-1.amazonaws.com"+certFile),
		certURLCase("address", "cert_url_host", "https://169.254.169.254"+certFile),
		certURLCase("backslash", "cert_url_malformed", `https://evil.example\@sns.eu-west-1.amazonaws.com`+certFile),
		certURLCase("other port", "cert_url_port", host+":8443"+certFile),
		certURLCase("query", "cert_url_query", host+certFile+"?a=b"),
		certURLCase("empty query", "cert_url_query", host+certFile+"?"),
		certURLCase("fragment", "cert_url_query", host+certFile+"#a"),
		certURLCase("query ends as a file", "cert_url_query", host+"/?Action=x&y=.pem"),
		certURLCase("no path", "cert_url_path", host),
		certURLCase("other path", "cert_url_path", host+"/other.pem"),
		certURLCase("path before", "cert_url_path", host+"/a"+certFile),
		certURLCase("dots", "cert_url_path", host+"/a/.."+certFile),
		certURLCase("other ending", "cert_url_path", host+strings.Replace(certFile, ".pem", "xpem", 1)),
		certURLCase("short hash", "cert_url_path", host+strings.Replace(certFile, "0123", "", 1)),
		certURLCase("line end", "cert_url_path", host+certFile+"%0a"),
	}
}

func certificateCases() []forgery {
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	return []forgery{
		{
			name: "redirect", reason: "cert_redirect", status: 403, message: notification(event), asks: 1,
			cert: func(*testing.T, *signer) certAnswer {
				return certAnswer{Status: http.StatusFound, Location: "https://evil.example/x.pem"}
			},
		},
		{
			name: "large file", reason: "cert_too_large", status: 403, message: notification(event), asks: 1,
			cert: func(*testing.T, *signer) certAnswer { return certAnswer{File: "x", Repeat: 64<<10 + 1} },
		},
		fileCase("empty file", "cert_malformed", ""),
		fileCase("page", "cert_malformed", "<html></html>"),
		fileCase("bad block", "cert_malformed", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		fileCase("other block", "cert_malformed", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
		certCase("short key", "cert_key", certOptions{bits: 1024}),
		certCase("not RSA", "cert_key", certOptions{ecdsa: true}),
		certCase("other name", "cert_name", certOptions{commonName: "s3.amazonaws.com", names: []string{"s3.amazonaws.com"}}),
		certCase("name only as common name", "cert_name", certOptions{commonName: "sns.amazonaws.com", names: []string{"evil.example"}}),
		certCase("wildcard", "cert_name", certOptions{commonName: "*.amazonaws.com", names: []string{"*.amazonaws.com"}}),
		certCase("other region", "cert_name", certOptions{commonName: "sns-signing.af-south-1.amazonaws.com"}),
		certCase("expired", "cert_expired", certOptions{from: year(2024), to: year(2026)}),
		certCase("not yet in force", "cert_expired", certOptions{from: year(2027), to: year(2028)}),
	}
}

func signatureCases() []forgery {
	two := rowConfig{RequireSignatureVersion: 2}
	return []forgery{
		{name: "version 3", reason: "signature_version", status: 403, message: notification(event).with("SignatureVersion", "3")},
		{name: "version 1 where 2 is required", reason: "signature_version", status: 403, message: notification(event), config: two},
		{name: "not base64", reason: "signature_form", status: 403, message: notification(event), after: set("Signature", "!")},
		{
			name: "other key", reason: "signature", status: 403, asks: 1, message: notification(event),
			cert: func(t *testing.T, s *signer) certAnswer {
				t.Helper()
				return certAnswer{File: string(s.certificate(t, certOptions{bits: 2048}))}
			},
		},
		{name: "forged message", reason: "signature", status: 403, asks: 1, message: notification(event), after: set("Message", "x")},
		{name: "forged version", reason: "signature", status: 403, asks: 1, message: notification(event), after: set("SignatureVersion", "2")},
		{name: "forged type", reason: "signature", status: 403, asks: 1, message: confirmation("UnsubscribeConfirmation"), after: set("Type", "SubscriptionConfirmation")},
		{name: "forged token", reason: "signature", status: 403, asks: 1, message: confirmation("SubscriptionConfirmation"), after: set("Token", "x")},
		{name: "added subject", reason: "signature", status: 403, asks: 1, message: notification(event), after: set("Subject", "x")},
		{name: "removed subject", reason: "signature", status: 403, asks: 1, message: notification(event).with("Subject", "x"), after: remove("Subject")},
		{name: "short signature", reason: "signature", status: 403, asks: 1, message: notification(event), after: set("Signature", "AAAA")},
		{name: "forged time", reason: "signature", status: 403, asks: 1, message: notification(event), after: set("Timestamp", "2026-02-11T10:29:59.12Z")},
		{name: "no time", reason: "bad_timestamp", status: 400, asks: 1, message: notification(event).with("Timestamp", "yesterday")},
		{name: "old", reason: "too_old", status: 403, asks: 1, message: notification(event).with("Timestamp", "2026-02-11T09:14:59Z")},
		{name: "old confirmation", reason: "too_old", status: 403, asks: 1, message: confirmation("SubscriptionConfirmation").with("Timestamp", "2026-02-10T09:14:59Z")},
		{name: "ahead", reason: "in_future", status: 403, asks: 1, message: notification(event).with("Timestamp", "2026-02-11T10:45:01Z")},
	}
}

func forgeries() []forgery {
	return slices.Concat(requestCases(), urlCases(), certificateCases(), chainCases(), signatureCases())
}

// TestMessageTwice sends a signed message with another Message before or after the signed one.
func TestMessageTwice(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	signed := h.signer.body(t, notification(event))
	for _, body := range [][]byte{
		append([]byte(`{"Message":"forged",`), signed[1:]...),
		append(bytes.Clone(signed[:len(signed)-1]), `,"Message":"forged"}`...),
		append(bytes.Clone(signed[:len(signed)-1]), `,"\u004dessage":"forged"}`...),
		append(bytes.Clone(signed), `{"Message":"forged"}`...),
	} {
		require.Equal(t, http.StatusBadRequest, h.post(body, nil).Code)
	}
	require.Equal(t, 4, h.refusals(t)["malformed"])
	require.Empty(t, out.Stored())
	require.Empty(t, h.certs.requests())
}

// TestTruncated cuts a good body at every place.
func TestTruncated(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	body := h.signer.body(t, notification("short"))
	for i := range body {
		require.Equal(t, http.StatusBadRequest, h.post(body[:i], nil).Code, "%d", i)
	}
	require.Equal(t, len(body), h.refusals(t)["malformed"])
	require.Empty(t, out.Stored())
}

func TestBodyCutOffIsAskedForAgain(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	w := h.post(nil, func(r *http.Request) { r.Body = io.NopCloser(errReader{}) })
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, 1, h.outcomes(t)["cut_off"])
	require.Empty(t, out.Stored())
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestRefusalsAreLoggedOnceAMinute(t *testing.T) {
	h := build(t, nil)
	h.run(t, &pipelinetest.Emitter{})
	for range 10 {
		h.post([]byte("hello"), nil)
	}
	require.Equal(t, 1, strings.Count(h.log.String(), `"reason":"malformed"`))
	h.clock.Advance(time.Minute)
	h.post([]byte("hello"), nil)
	require.Contains(t, h.log.String(), `"reason":"malformed","count":10}`)
}
