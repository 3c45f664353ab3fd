package sns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	firstRetry = time.Second
	lastRetry  = time.Minute
	// What one call to SNS may take, its own retries included.
	callTimeout = 20 * time.Second
)

// subscribeAll subscribes every topic to the configured endpoint, trying again until all are or ctx ends: a subscription
// that cannot be made now must not keep what comes over the others from being taken.
func (s *source) subscribeAll(ctx context.Context) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = firstRetry, lastRetry
	left := make([]topic, 0, len(s.topics))
	for _, t := range s.topics {
		left = append(left, t)
	}
	for {
		left = s.subscribeSome(ctx, left)
		if len(left) == 0 || ctx.Err() != nil {
			return
		}
		select {
		case <-time.After(pauses.NextBackOff()):
		case <-ctx.Done():
			return
		}
	}
}

// subscribeSome returns the topics that are not subscribed yet.
func (s *source) subscribeSome(ctx context.Context, topics []topic) []topic {
	api, err := newAPI(ctx, &s.cfg, s.calls)
	if err != nil {
		s.logNotSubscribed(ctx, err)
		return topics
	}
	var left []topic
	for _, t := range topics {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		err := api.subscribe(call, t, s.cfg.destination())
		cancel()
		s.metrics.subscribed(err)
		if err != nil {
			left = append(left, t)
			s.logNotSubscribed(ctx, err)
			continue
		}
		s.set.Logger.InfoContext(ctx, "subscribed", slog.String(keyTopic, t.arn))
	}
	return left
}

// Removal is what Unsubscribe did.
type Removal struct {
	// Removed are the ARNs of the subscriptions that were ended.
	Removed []string
	// Pending is how many were never confirmed: SNS forgets these by itself within three days.
	Pending int
}

// Unsubscribe ends the subscriptions of all topics of cfg to subscribe.endpoint, for good: SNS posts nothing there from then
// on, not even what it has tried in vain before. cfg must be valid and name an endpoint. Subscriptions that are not there are
// no error; the error joins what went wrong with each topic, and the others are done all the same. It takes at most 20 s for
// each topic.
func Unsubscribe(ctx context.Context, cfg Config) (Removal, error) {
	var done Removal
	if cfg.Subscribe.Endpoint == "" {
		return done, errors.New("unsubscribing: subscribe.endpoint is not set")
	}
	client := newClient(nil)
	defer client.CloseIdleConnections()
	api, err := newAPI(ctx, &cfg, client)
	if err != nil {
		return done, fmt.Errorf("unsubscribing: %w", err)
	}
	var errs []error
	for _, arn := range cfg.TopicArns {
		t, err := parseTopic(arn)
		if err == nil {
			err = api.removeAll(ctx, t, cfg.destination(), &done)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("unsubscribing: %w", err))
		}
	}
	return done, errors.Join(errs...)
}

func (a *api) removeAll(ctx context.Context, t topic, endpoint *url.URL, done *Removal) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	found, err := a.find(ctx, t, endpoint)
	if err != nil {
		return err
	}
	for _, arn := range found {
		if arn == pendingArn {
			done.Pending++
			continue
		}
		if err := a.remove(ctx, t, arn); err != nil {
			return err
		}
		done.Removed = append(done.Removed, arn)
	}
	return nil
}
