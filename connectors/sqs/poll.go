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

// result is what a round says about how many pollers are wanted.
type result int

const (
	some    result = iota // as many as there are
	full                  // one more: the queue has more than one poll takes
	idle                  // one less: there is nothing to do
	stalled               // one less: the queue or the journal cannot be served now
)

func newPoller(s *source, r *remover, out pipeline.Emitter) *poller {
	return &poller{source: s, out: out, remover: r, pauses: newPauses()}
}

// run polls until ctx ends or others are enough. What was received by then is stored and handed over for deletion as long
// as work lasts.
func (p *poller) run(ctx, work context.Context) {
	for ctx.Err() == nil {
		how, pause := p.turn(ctx, work)
		switch how {
		case full:
			p.crew.hire()
		case idle, stalled:
			if p.crew.retire() {
				return
			}
		case some:
		}
		if pause > 0 {
			sleep(ctx, pause)
		}
	}
	p.crew.leave()
}

// turn makes a round when there is room for what it may bring and the journal takes it. It returns how long to leave the queue
// alone, too.
func (p *poller) turn(ctx, work context.Context) (result, time.Duration) {
	pause, braked := p.brake.left(p.set.Clock())
	if pause > 0 {
		return stalled, pause
	}
	if !p.flight.reserve(ctx, p.cfg.Batch) {
		return some, 0
	}
	messages, err := p.receive(ctx)
	fresh := p.accept(ctx, messages)
	p.flight.free(p.cfg.Batch - len(fresh))
	switch {
	case ctx.Err() != nil && err != nil:
		return some, 0
	case err != nil:
		return stalled, p.pauses.next(0)
	}
	p.pauses.reset()
	p.pass(ctx, work, fresh, braked)
	switch {
	case braked:
		return stalled, 0
	case len(messages) == p.cfg.Batch:
		return full, 0
	case len(messages) == 0 && p.cfg.Wait == 0:
		return idle, emptyPause
	case len(messages) == 0:
		return idle, 0
	}
	return some, 0
}

// pass stores messages, for which there is room: beside the next polls, but with the brake on or in front of a FIFO queue,
// whose order is kept, before them.
func (p *poller) pass(ctx, work context.Context, messages []types.Message, braked bool) {
	now := p.set.Clock()
	switch {
	case len(messages) == 0:
	case isFIFO(p.queueURL):
		p.take(ctx, work, messages, now)
		p.flight.free(len(messages))
	case braked:
		left := p.store(work, messages, now)
		p.flight.free(len(messages) - len(left))
		if len(left) > 0 {
			p.flight.launch(work, left, func() { p.hold(ctx, work, left, now) })
		}
	default:
		p.flight.launch(work, messages, func() { p.take(ctx, work, messages, now) })
	}
}

// receive makes one poll.
func (p *poller) receive(ctx context.Context) ([]types.Message, error) {
	out, err := p.clients.poll.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{
		QueueUrl: &p.queueURL, MaxNumberOfMessages: int32(p.cfg.Batch), //nolint:gosec // G115: at most 10
		WaitTimeSeconds: seconds(p.cfg.Wait), VisibilityTimeout: seconds(p.cfg.Visibility),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameSentTimestamp, types.MessageSystemAttributeNameApproximateReceiveCount,
			types.MessageSystemAttributeNameMessageGroupId,
		},
		MessageAttributeNames: []string{"All"},
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
		p.clients.identity.renew()
	}
}

// accept takes messages in hand and returns those to store: not the copy of a message that is in hand, nor a body that does
// not match its checksum. Both stay in the queue until the first is deleted, or the second received whole.
func (p *poller) accept(ctx context.Context, messages []types.Message) []types.Message {
	now := p.set.Clock()
	fresh := messages[:0]
	for i := range messages {
		m := &messages[i]
		p.observe(ctx, m, now)
		switch {
		case !intact(m):
			p.metrics.corrupt.Inc()
		case !p.hand.take(text(m.MessageId), text(m.ReceiptHandle), sent(m), now):
			p.metrics.repeats.Inc()
		default:
			fresh = append(fresh, *m)
		}
	}
	return fresh
}
