package sqs

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"carillon/pipeline"
)

// store hands messages to the emitter and those it confirmed to the remover (I1). When it confirmed none of them it returns
// all of them, still in hand. When it confirmed some, the others are left to their visibility timeout: what keeps them out is
// something about them. received is when they came.
func (p *poller) store(work context.Context, messages []types.Message, received time.Time) (left []types.Message) {
	ns := make([]pipeline.Notification, len(messages))
	for i := range messages {
		ns[i] = notification(&messages[i], received)
	}
	stored, refused := make([]string, 0, len(messages)), make([]string, 0)
	var first error
	var least time.Duration
	for i, err := range pipeline.FailedAt(p.out.Emit(work, ns...), len(ns)) {
		if err == nil {
			stored = append(stored, ns[i].Trace)
			continue
		}
		refused = append(refused, ns[i].Trace)
		_, wait := pipeline.Classify(err)
		least = max(least, wait)
		if first == nil {
			first = err
		}
	}
	p.metrics.unconfirmed.Add(float64(len(refused)))
	switch {
	case first == nil:
		p.emits.ok()
		p.brake.release()
	case work.Err() == nil:
		p.emits.failed(first)
		p.brake.pull(p.set.Clock(), least)
	}
	p.remover.remove(work, stored)
	if len(stored) == 0 {
		return messages
	}
	p.leave(refused...)
	return nil
}

// leave lets go of messages that stay in the queue, because they are not stored.
func (p *poller) leave(ids ...string) {
	p.hand.drop(ids...)
	p.metrics.left.Add(float64(len(ids)))
}

// take stores messages and, while the journal is away, tries again and again until ctx ends.
func (p *poller) take(ctx, work context.Context, messages []types.Message, received time.Time) {
	p.hold(ctx, work, p.store(work, messages, received), received)
}

// hold tries again to store messages that were not stored, until ctx ends or they turn out to be what is wrong: others were
// stored meanwhile and these were not. They stay in hand, so that their visibility is extended: a journal that is away for long
// wears out no receives, which would end with good messages among the dead letters.
func (p *poller) hold(ctx, work context.Context, messages []types.Message, received time.Time) {
	pauses := newPauses()
	for len(messages) > 0 {
		before := p.brake.releases()
		pause, _ := p.brake.left(p.set.Clock())
		if !sleep(ctx, pauses.next(pause)) {
			break
		}
		messages = p.store(work, messages, received)
		if p.brake.releases() != before {
			break
		}
	}
	for i := range messages {
		p.leave(text(messages[i].MessageId))
	}
}
