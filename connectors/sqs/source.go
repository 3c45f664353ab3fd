package sqs

import (
	"cmp"
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"carillon/pipeline"
)

const (
	// What is in hand when the context ends has this long to be stored and deleted.
	defaultDrain = 5 * time.Second
	// Start gives up after this.
	startTimeout = 20 * time.Second
	startTries   = 3
)

// Factory declares the source type sqs.
func Factory() pipeline.SourceFactory {
	return pipeline.NewSourceFactory("sqs", DefaultConfig, func(cfg Config, set pipeline.Settings) (pipeline.Source, error) {
		return newSource(cfg, set), nil
	})
}

// source takes messages from one queue. It implements pipeline.Source, pipeline.Starter and pipeline.Keeper.
type source struct {
	cfg     Config
	set     pipeline.Settings
	metrics *metrics
	hand    *hand
	crew    *crew
	depth   depth
	flight  *flight
	brake   *brake
	drain   time.Duration
	polls   *streak
	emits   *streak
	settles *streak

	// Start sets these; Run comes after it.
	clients    *clients
	queueURL   string
	visibility time.Duration
	keeps      time.Duration
}

func newSource(cfg Config, set pipeline.Settings) *source {
	h, c := newHand(), newCrew(cfg.MaxPollers)
	queue := cmp.Or(cfg.QueueURL, cfg.Queue)
	return &source{
		cfg: cfg, set: set, metrics: newMetrics(set.Registerer, h.size, c.size), hand: h, crew: c, drain: defaultDrain,
		flight: newFlight(cfg.MaxInHand), brake: newBrake(),
		polls:   newStreak(set.Logger, queue, "receive"),
		emits:   newStreak(set.Logger, queue, "store"),
		settles: newStreak(set.Logger, queue, "settle"),
	}
}

// Start finds the queue and reads its attributes: it fails when the queue cannot be reached, does not exist or may not be
// used. It may be called again after it failed.
func (s *source) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	few := func(o *awssqs.Options) { o.Retryer = retry.AddWithMaxAttempts(retry.NewStandard(), startTries) }
	c, url, attributes, err := s.look(ctx, few)
	if err != nil {
		return err
	}
	s.clients, s.queueURL, s.visibility = c, url, s.cfg.Visibility
	if s.visibility == 0 {
		// 30 s, as SQS has it, when the queue does not say.
		s.visibility = attributeOf(attributes, types.QueueAttributeNameVisibilityTimeout, 30*time.Second)
	}
	s.keeps = attributeOf(attributes, types.QueueAttributeNameMessageRetentionPeriod, 0)
	return nil
}

// attributeOf reads an attribute in seconds; standard stands for one that is missing.
func attributeOf(attributes map[string]string, name types.QueueAttributeName, standard time.Duration) time.Duration {
	n, err := strconv.Atoi(attributes[string(name)])
	if err != nil {
		return standard
	}
	return time.Duration(n) * time.Second
}

// Keeps implements pipeline.Keeper: how long the queue kept a message when it was opened.
func (s *source) Keeps() time.Duration { return s.keeps }

// Run implements pipeline.Source. Without Start before it, it calls Start itself.
func (s *source) Run(ctx context.Context, out pipeline.Emitter) error {
	if s.clients == nil {
		if err := s.Start(ctx); err != nil {
			return err
		}
	}
	defer s.clients.closeIdle()
	work, done := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	background.Go(func() { s.limitDrain(ctx, work, done) })
	background.Go(func() { s.renew(work) })
	background.Go(func() { s.sampler(work) })
	remover := startRemover(work, s)
	s.crew.work(func() { newPoller(s, remover, out).run(ctx, work) })
	s.flight.wait()
	remover.close()
	done()
	background.Wait()
	return nil
}

// limitDrain ends work when the drain limit has passed since ctx ended, unless it is done before.
func (s *source) limitDrain(ctx, work context.Context, end context.CancelFunc) {
	select {
	case <-ctx.Done():
	case <-work.Done():
		return
	}
	if sleep(work, s.drain) {
		end()
	}
}

// seconds returns d for a field of the API, which counts in seconds. Validate keeps it in range.
func seconds(d time.Duration) int32 { return int32(d / time.Second) } //nolint:gosec // G115: at most 12 h

// text is aws.ToString under a shorter name.
func text(s *string) string { return aws.ToString(s) }
