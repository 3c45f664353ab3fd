package sns_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/connectors/sns"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

// api is a fake of the SNS API that remembers what it was asked.
type api struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	asked  []url.Values
	auth   []string
}

func newAPI(t *testing.T) *api {
	t.Helper()
	a := &api{status: http.StatusOK}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	a.mu.Lock()
	a.asked = append(a.asked, form)
	a.auth = append(a.auth, r.Header.Get("Authorization"))
	status := a.status
	a.mu.Unlock()
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	if status == http.StatusOK {
		_, _ = io.WriteString(w, `<ConfirmSubscriptionResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">`+
			`<ConfirmSubscriptionResult><SubscriptionArn>`+topicArn+`:1</SubscriptionArn></ConfirmSubscriptionResult></ConfirmSubscriptionResponse>`)
		return
	}
	_, _ = io.WriteString(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AuthorizationError</Code><Message>no</Message></Error></ErrorResponse>`)
}

func (a *api) answer(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status = status
}

func (a *api) calls() ([]url.Values, []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]url.Values(nil), a.asked...), append([]string(nil), a.auth...)
}

func TestSubscriptionIsConfirmedThroughTheAPI(t *testing.T) {
	stranger := newAPI(t)
	sns1 := newAPI(t)
	h, out := build(t, func(c *sns.Config) { c.Endpoint = sns1.URL }), &pipelinetest.Emitter{}
	h.run(t, out)
	m := confirmation("SubscriptionConfirmation").with("SubscribeURL", stranger.URL+"/?Action=ConfirmSubscription")
	require.Equal(t, http.StatusOK, h.post(h.signer.body(t, m), nil).Code, h.log)
	asked, auth := sns1.calls()
	require.Len(t, asked, 1)
	require.Equal(t, "ConfirmSubscription", asked[0].Get("Action"))
	require.Equal(t, topicArn, asked[0].Get("TopicArn"))
	require.Equal(t, "f00dfeed", asked[0].Get("Token"))
	require.Empty(t, auth[0], "needs no credentials")
	fetched, _ := stranger.calls()
	require.Empty(t, fetched, "the SubscribeURL is never fetched")
	require.Empty(t, out.Stored())
	require.Equal(t, 1, h.outcomes(t)["confirmed"])
	require.Contains(t, h.log.String(), `"level":"INFO","msg":"subscription confirmed","topic":"`+topicArn+`"`)
	require.NotContains(t, h.log.String(), "f00dfeed")
}

func TestConfirmationIsSignedWithGivenCredentials(t *testing.T) {
	sns1 := newAPI(t)
	h := build(t, func(c *sns.Config) {
		c.Endpoint = sns1.URL
		c.AccessKeyID, c.SecretAccessKey = pipeline.NewSecret("AKIDTEST"), pipeline.NewSecret("hunter2")
	})
	h.run(t, &pipelinetest.Emitter{})
	require.Equal(t, http.StatusOK, h.post(h.signer.body(t, confirmation("SubscriptionConfirmation")), nil).Code)
	_, auth := sns1.calls()
	require.True(t, strings.HasPrefix(auth[0], "AWS4-HMAC-SHA256 Credential=AKIDTEST/"), auth[0])
	require.Contains(t, auth[0], "/eu-west-1/sns/", "the region of the topic")
}

func TestFailedConfirmationComesAgain(t *testing.T) {
	sns1 := newAPI(t)
	sns1.answer(http.StatusForbidden)
	h := build(t, func(c *sns.Config) { c.Endpoint = sns1.URL })
	h.run(t, &pipelinetest.Emitter{})
	body := h.signer.body(t, confirmation("SubscriptionConfirmation"))
	require.Equal(t, http.StatusServiceUnavailable, h.post(body, nil).Code)
	require.Equal(t, 1, h.outcomes(t)["not_confirmed"])
	require.Contains(t, h.log.String(), topicArn)
	require.NotContains(t, h.log.String(), "f00dfeed")
	sns1.answer(http.StatusOK)
	require.Equal(t, http.StatusOK, h.post(body, nil).Code)
}

func TestForgedConfirmationAsksNobody(t *testing.T) {
	sns1 := newAPI(t)
	h := build(t, func(c *sns.Config) { c.Endpoint = sns1.URL })
	h.run(t, &pipelinetest.Emitter{})
	forged := h.signer.sign(t, confirmation("SubscriptionConfirmation")).with("Token", "other")
	require.Equal(t, http.StatusForbidden, h.post(forged.json(t), nil).Code)
	asked, _ := sns1.calls()
	require.Empty(t, asked)
}

func TestConfirmCanBeTurnedOff(t *testing.T) {
	sns1 := newAPI(t)
	h, out := build(t, func(c *sns.Config) { c.Endpoint, c.Confirm = sns1.URL, false }), &pipelinetest.Emitter{}
	h.run(t, out)
	require.Equal(t, http.StatusOK, h.post(h.signer.body(t, confirmation("SubscriptionConfirmation")), nil).Code)
	asked, _ := sns1.calls()
	require.Empty(t, asked)
	require.Equal(t, 1, h.outcomes(t)["unconfirmed"])
	require.Contains(t, h.log.String(), topicArn)
}

func TestUnsubscribeIsReportedAndNotFollowed(t *testing.T) {
	sns1 := newAPI(t)
	h, out := build(t, func(c *sns.Config) { c.Endpoint = sns1.URL }), &pipelinetest.Emitter{}
	h.run(t, out)
	m := confirmation("UnsubscribeConfirmation").with("SubscribeURL", sns1.URL)
	for _, version := range []string{"1", "2"} {
		require.Equal(t, http.StatusOK, h.post(h.signer.body(t, m.with("SignatureVersion", version)), nil).Code)
	}
	asked, _ := sns1.calls()
	require.Empty(t, asked, "following the link would subscribe again")
	require.Empty(t, out.Stored())
	require.Equal(t, 2, h.outcomes(t)["unsubscribed"])
	require.Contains(t, h.log.String(), `"level":"WARN"`)
}
