package sqs

import (
	"context"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"carillon/pipeline"
)

// emptyPause follows an empty answer when polls do not wait.
const emptyPause = time.Second

// poller makes one long poll after the other.
type poller struct {
	*source

	out     pipeline.Emitter
	remover *remover
	pauses  *pauses
}

func newPoller(s *source, r *remover, out pipeline.Emitter) *poller {
	return &poller{source: s, out: out, remover: r, pauses: newPauses()}
}

// run polls until ctx ends. What was received by then is stored and handed over for deletion as long as work lasts.
func (p *poller) run(ctx, work context.Context) {
	for ctx.Err() == nil {
		pause := p.round(ctx, work)
		if pause > 0 {
			sleep(ctx, pause)
		}
	}
}

// round makes one poll and stores what it brought. It returns how long to leave the queue alone.
func (p *poller) round(ctx, work context.Context) time.Duration {
	messages, err := p.receive(ctx)
	switch {
	case ctx.Err() != nil && err != nil:
		return 0
	case err != nil:
		return p.pauses.next(0)
	case len(messages) == 0:
		p.pauses.reset()
		if p.cfg.Wait == 0 {
			return emptyPause
		}
		return 0
	}
	fresh := p.accept(messages)
	if len(fresh) == 0 {
		return 0
	}
	least, err := p.store(work, fresh)
	if err != nil {
		return p.pauses.next(least)
	}
	p.pauses.reset()
	return 0
}

// receive makes one poll.
func (p *poller) receive(ctx context.Context) ([]types.Message, error) {
	out, err := p.clients.poll.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{
		QueueUrl: &p.cfg.QueueURL, MaxNumberOfMessages: int32(p.cfg.Batch), //nolint:gosec // G115: at most 10
		WaitTimeSeconds: seconds(p.cfg.Wait), VisibilityTimeout: seconds(p.cfg.Visibility),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameSentTimestamp, types.MessageSystemAttributeNameApproximateReceiveCount,
		},
	})
	if err != nil {
		if ctx.Err() == nil {
			p.failed(err)
		}
		return nil, err
	}
	p.polls.ok()
	if len(out.Messages) == 0 {
		p.metrics.received(empty)
		return nil, nil
	}
	p.metrics.received(brought)
	return out.Messages, nil
}

func (p *poller) failed(err error) {
	reason := reasonOf(err)
	p.metrics.received(reason)
	p.polls.failed(err)
	if reason == denied {
		p.clients.renewCredentials()
	}
}

// accept takes messages in hand and returns those to store: not the copy of a message that is in hand, nor a body that does
// not match its checksum. Both stay in the queue until the first is deleted, or the second received whole.
func (p *poller) accept(messages []types.Message) []types.Message {
	now := p.set.Clock()
	fresh := messages[:0]
	for i := range messages {
		m := &messages[i]
		p.observe(m, now)
		switch {
		case !intact(m):
			p.metrics.corrupt.Inc()
		case !p.hand.take(text(m.MessageId), text(m.ReceiptHandle), now):
			p.metrics.repeats.Inc()
		default:
			fresh = append(fresh, *m)
		}
	}
	return fresh
}

func (p *poller) observe(m *types.Message, now time.Time) {
	p.metrics.messages.Inc()
	if d, ok := age(m, now); ok {
		p.metrics.age.Observe(d.Seconds())
	}
	if n, ok := receives(m); ok {
		p.metrics.attempts.Observe(float64(n))
	}
}

// store hands messages to the emitter and those it confirmed to the remover (I1). The others are left to their visibility
// timeout; the error is that of the first, and least how long the emitter asked to be left alone.
func (p *poller) store(work context.Context, messages []types.Message) (least time.Duration, first error) {
	now := p.set.Clock()
	ns := make([]pipeline.Notification, len(messages))
	for i := range messages {
		ns[i] = notification(&messages[i], now)
	}
	stored := make([]string, 0, len(messages))
	for i, err := range pipeline.FailedAt(p.out.Emit(work, ns...), len(ns)) {
		if err == nil {
			stored = append(stored, ns[i].Trace)
			continue
		}
		p.metrics.unconfirmed.Inc()
		p.hand.drop(ns[i].Trace)
		_, wait := pipeline.Classify(err)
		least = max(least, wait)
		if first == nil {
			first = err
		}
	}
	if first != nil && work.Err() == nil {
		p.emits.failed(first)
	} else if first == nil {
		p.emits.ok()
	}
	p.remover.remove(work, stored)
	return least, first
}
