package awslocal

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	destinationTimeout    = 5 * time.Second
	maxDestinationRetries = 185
	defaultRate           = 300
)

func (d *Destination) withDefaults() Destination {
	out := *d
	out.Rate = cmp.Or(d.Rate, defaultRate)
	out.Initial = cmp.Or(d.Initial, time.Second)
	out.Max = cmp.Or(d.Max, max(out.Initial, 5*time.Minute))
	out.Retries = max(0, cmp.Or(d.Retries, maxDestinationRetries))
	out.MaxAge = cmp.Or(d.MaxAge, 24*time.Hour)
	return out
}

// slot returns when the next call may be made, and takes it.
func (d *destination) slot(now time.Time) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.next
	if at.Before(now) {
		at = now
	}
	d.next = at.Add(time.Second / time.Duration(d.Rate))
	return at
}

// pause returns how long to wait before retry n, counted from 1: half of an exponential bound, plus up to the other half.
func (d *Destination) pause(n int) time.Duration {
	bound := d.Max
	if shift := n - 1; shift < 32 && d.Initial<<shift > 0 {
		bound = min(d.Max, d.Initial<<shift)
	}
	return bound/2 + rand.N(bound/2+1) //nolint:gosec // G404: jitter
}

// invocation is what came of one call.
type invocation struct {
	status     int // 0: no answer
	retryAfter time.Duration
	// stop is set when the far side forbade a retry, with a negative Retry-After.
	stop bool
	code string
}

// invoke returns the delivery of body to the API destination of a rule, accepted at a time.
func (b *bus) invoke(r *rule, body []byte, accepted time.Time) attempt {
	d, stats := r.to, &b.server.stats.bus
	return func(ctx context.Context, number int) (time.Duration, bool) {
		if number > 1 {
			stats.retried.Add(1)
		}
		got := b.call(ctx, d, body)
		if got.ok() {
			stats.delivered.Add(1)
			return 0, false
		}
		now := b.server.clock.now()
		if why := got.giveUp(number, now.Sub(accepted), d); why != "" {
			b.dispose(r, body, got, why, number-1)
			return 0, false
		}
		pause := max(d.pause(number), got.retryAfter)
		return max(pause, d.slot(now).Sub(now)), true
	}
}

func (i *invocation) ok() bool { return i.status >= 200 && i.status < 300 }

// giveUp names the condition that ends the delivery; empty: try again.
func (i *invocation) giveUp(number int, age time.Duration, d *destination) string {
	switch {
	case i.stop || !i.retryable():
		return "NotRetryable"
	case number > d.Retries:
		return "MaximumRetryAttempts"
	case age > d.MaxAge:
		return "MaximumEventAgeInSeconds"
	}
	return ""
}

func (i *invocation) retryable() bool {
	switch i.status {
	case 0, http.StatusUnauthorized, http.StatusProxyAuthRequired, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return i.status >= http.StatusInternalServerError
}

// call makes one request, as EventBridge words it: a connection of its own for each.
func (b *bus) call(ctx context.Context, d *destination, body []byte) invocation {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(body))
	if err != nil {
		return invocation{code: "SDK_CLIENT_ERROR", stop: true}
	}
	req.Close = true
	req.Header.Set("User-Agent", "Amazon/EventBridge/ApiDestinations")
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Range", "bytes=0-1048575")
	req.Header.Set("Accept-Encoding", "gzip,deflate")
	if d.KeyHeader != "" {
		req.Header.Set(d.KeyHeader, d.Key)
	}
	if d.User != "" {
		req.SetBasicAuth(d.User, d.Password)
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return invocation{code: "SDK_CLIENT_ERROR"}
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer)
	got := invocation{status: resp.StatusCode, code: strconv.Itoa(resp.StatusCode)}
	got.retryAfter, got.stop = readRetryAfter(resp.Header.Get("Retry-After"), b.server.clock.now())
	return got
}

// readRetryAfter reads seconds or an HTTP date; negative seconds forbid a retry.
func readRetryAfter(value string, now time.Time) (wait time.Duration, stop bool) {
	if n, err := strconv.Atoi(value); err == nil {
		return min(24*time.Hour, time.Duration(max(0, n))*time.Second), n < 0
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now)), false
	}
	return 0, false
}

// dispose puts an event that is given up into the dead-letter queue, or drops it.
func (b *bus) dispose(r *rule, body []byte, got invocation, why string, retries int) {
	stats := &b.server.stats.bus
	if r.to.DeadLetter == "" {
		stats.dropped.Add(1)
		return
	}
	text := func(v string) messageAttribute { return messageAttribute{DataType: "String", StringValue: v} }
	prefix := "arn:" + partition(b.server.opts.Region) + ":events:" + b.server.opts.Region + ":" + b.server.opts.Account
	attributes := messageAttributes{
		"RULE_ARN": text(prefix + ":rule/" + r.Name), "TARGET_ARN": text(prefix + ":api-destination/" + r.Name),
		"ERROR_CODE": text(got.code), "ERROR_MESSAGE": text("The destination answered " + got.code),
		"EXHAUSTED_RETRY_CONDITION": text(why), "RETRY_ATTEMPTS": text(strconv.Itoa(retries)),
	}
	if err := b.server.queues.deliver(r.to.DeadLetter, string(body), attributes); err != nil {
		stats.dropped.Add(1)
		return
	}
	stats.deadLettered.Add(1)
}
