package awslocal

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const maxAnswer = 64 << 10

// post returns the delivery of m to an HTTP endpoint. It is repeated, with the same message id, after a status of 500 or
// more, a timeout or a broken connection. Everything else counts as delivered: a 4xx is not repeated.
func (t *topics) post(sub *subscription, m outgoing) attempt {
	to := *sub
	stats := &t.server.stats.sns
	return func(ctx context.Context, number int) (time.Duration, bool) {
		if number > 1 {
			stats.retried.Add(1)
		}
		status, err := t.postOnce(ctx, &to, m)
		if err == nil && status < http.StatusInternalServerError {
			stats.delivered.Add(1)
			return 0, false
		}
		pause, again := t.after(&to, number)
		if !again {
			t.giveUp(&to, m)
		}
		return pause, again
	}
}

// postOnce makes one attempt. Credentials in the endpoint are sent only after a challenge, as SNS does.
func (t *topics) postOnce(ctx context.Context, sub *subscription, m outgoing) (int, error) {
	endpoint, err := url.Parse(sub.endpoint)
	if err != nil {
		return 0, err
	}
	user := endpoint.User
	endpoint.User = nil
	status, challenge, err := t.exchange(ctx, endpoint, nil, sub, m)
	if err == nil && status == http.StatusUnauthorized && user != nil && strings.HasPrefix(challenge, "Basic") {
		status, _, err = t.exchange(ctx, endpoint, user, sub, m)
	}
	return status, err
}

func (t *topics) exchange(
	ctx context.Context, to *url.URL, user *url.Userinfo, sub *subscription, m outgoing,
) (status int, challenge string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "/", bytes.NewReader(m.body))
	if err != nil {
		return 0, "", err
	}
	req.URL, req.Host = to, to.Host
	snsHeaders(req.Header, sub, m)
	if password, ok := user.Password(); ok {
		req.SetBasicAuth(user.Username(), password)
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	return resp.StatusCode, resp.Header.Get("WWW-Authenticate"), err
}

// snsHeaders sets what SNS sends beside the body. Nothing of it is signed.
func snsHeaders(h http.Header, sub *subscription, m outgoing) {
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	h.Set("User-Agent", "Amazon Simple Notification Service Agent")
	h.Set("Connection", "Keep-Alive")
	h.Set("X-Amz-Sns-Message-Type", m.kind)
	h.Set("X-Amz-Sns-Message-Id", m.id)
	h.Set("X-Amz-Sns-Topic-Arn", sub.topicARN)
	if m.kind != kindSubscription {
		h.Set("X-Amz-Sns-Subscription-Arn", sub.arn)
	}
	if sub.raw && m.kind == kindNotification {
		h.Set("X-Amz-Sns-Rawdelivery", "true")
	}
}
