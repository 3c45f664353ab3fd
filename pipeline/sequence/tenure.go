package sequence

import (
	"context"
	"fmt"
	"sync"
	"time"

	"carillon/pipeline/dedupe"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/telemetry"
)

// drainAtOnce is how many records are taken before anything else is looked at.
const drainAtOnce = 256

const (
	// evictAtOnce is how many meetings are looked at when another one comes: more than one, so that their number falls.
	evictAtOnce = 4
	// evictIdle is how many are looked at a few times a second.
	evictIdle = 256
)

// tenure is one time of owning the partition: everything in it is forgotten at its end. Its methods run on the goroutine of
// run; the helpers only talk over channels.
type tenure struct {
	*Sequencer
	fence    *journal.Fence
	feed     *journal.Feed
	clock    logClock
	floor    journal.Floor
	meetings *meetings
	order    *order.Buffer[released]
	ledger   dedupe.Ledger
	read     uint64    // RAW sequence of the last record
	pending  uint64    // how many followed it then
	asked    time.Time // when the stream was asked for unread records
	loads    *loader
	waiting  order.Limits // what waits for histories
	out      outbox
	due      []order.Entry[released]
	timer    *time.Timer
	held     int    // as last told to the metrics
	forced   uint64 // as last told to the metrics
	full     bool   // the journal was full at the last append
	wg       sync.WaitGroup
	stop     context.CancelFunc
}

func newTenure(ctx context.Context, s *Sequencer, fence *journal.Fence, feed *journal.Feed) *tenure {
	ctx, stop := context.WithCancel(ctx)
	t := &tenure{
		Sequencer: s, fence: fence, feed: feed, stop: stop,
		meetings: newMeetings(s.set.Limits.Meetings),
		order:    order.New[released](s.set.Order, s.set.Limits.Order),
		timer:    time.NewTimer(time.Hour),
	}
	t.ledger, t.meetings.maxBytes = s.newLedger(), s.set.Limits.MeetingBytes
	t.loads = newLoader(ctx, &t.wg, s.set.Journal, s.partition)
	t.out.start(ctx, &t.wg, s.set.Journal, fence)
	return t
}

// end stops the feed and the helpers, and gives back what the metrics were told.
func (t *tenure) end() {
	t.feed.Stop()
	t.stop()
	t.wg.Wait()
	t.timer.Stop()
	t.set.Metrics.held.Sub(float64(t.held))
	t.oldest.Set(0)
	t.abandonWatch()
}

// run is the loop of the partition.
func (t *tenure) run(ctx context.Context) error {
	tick := time.NewTicker(ackEvery)
	defer tick.Stop()
	for {
		t.release()
		err := t.step(ctx, tick.C)
		if ctx.Err() != nil {
			return t.finish(context.WithoutCancel(ctx)) // Whatever err is, it ends the tenure too.
		}
		if err != nil {
			return err
		}
	}
}

// step waits for one thing to happen and does what follows from it.
func (t *tenure) step(ctx context.Context, tick <-chan time.Time) error {
	in := t.feed.Messages()
	if t.congested() {
		in = nil // I6: RAW keeps what cannot be taken in.
	}
	request, key := t.loads.next()
	select {
	case m := <-in:
		return t.takeAll(ctx, m)
	case request <- key:
		t.loads.sent()
	case l := <-t.loads.results:
		return t.loaded(l)
	case err := <-t.out.results:
		return t.appended(ctx, err)
	case <-t.out.wait:
		t.out.wait = nil
		t.out.submit()
	case <-t.timer.C:
		return t.advance(ctx)
	case <-tick:
		return t.housekeep(ctx)
	case err := <-t.feed.Broken():
		return err
	case <-ctx.Done():
	}
	return nil
}

// takeAll takes m and what else is there already.
func (t *tenure) takeAll(ctx context.Context, m journal.Message) error {
	for range drainAtOnce {
		if err := t.take(ctx, m); err != nil {
			return err
		}
		select {
		case m = <-t.feed.Messages():
		default:
			return nil
		}
	}
	return t.take(ctx, m)
}

// congested reports whether more is on its way out or in than memory is meant for.
func (t *tenure) congested() bool {
	return t.out.len() >= t.set.Limits.Out || t.loads.waiting() >= t.set.Limits.Out ||
		t.waiting.Events > t.set.Limits.Order.Events || t.waiting.Bytes+t.out.bytes > t.set.Limits.Order.Bytes
}

// release moves what order lets go to the outbox, starts an append if none is running, and arms the timer.
func (t *tenure) release() {
	t.due = t.order.Due(t.due[:0], t.clock.now())
	for i := range t.due {
		t.out.add(t.outgoing(&t.due[i]))
	}
	clear(t.due)
	t.out.send()
	held := t.order.Held()
	t.set.Metrics.held.Add(float64(held - t.held))
	t.held = held
	t.window.Set(t.order.Window().Seconds())
	t.arm()
}

// arm sets the timer to the moment at which carried log time ends the next hold.
func (t *tenure) arm() {
	t.timer.Stop()
	next, ok := t.order.Next()
	if !ok {
		return
	}
	now, pause := time.Now(), minWait
	if t.pending > 0 {
		pause = maxWait
	}
	// The pause counts from the last question: from now it would never end while records come.
	t.timer.Reset(max(t.clock.until(next, now), pause-now.Sub(t.asked), 0))
}

const (
	// minWait is the least time between two questions: a burst of ends of holds does not ask for each of them.
	minWait = 2 * time.Millisecond
	// maxWait is the least time while more records were announced: the answer is known, unless they have been purged.
	maxWait = time.Second
)

// advance carries log time on with the monotonic clock, if the stream confirms that nothing unread was stored before now.
func (t *tenure) advance(ctx context.Context) error {
	at := time.Now()
	t.asked = at
	beyond, err := t.set.Journal.RawBeyond(ctx, t.partition, t.read)
	if err != nil {
		return fmt.Errorf("asking for unread records: %w", err)
	}
	if beyond == 0 {
		t.pending = 0
		t.clock.confirm(at.Add(-t.set.Journal.StoreDelay()))
	}
	return nil
}

// housekeep acknowledges, frees memory and renews the fence when a purge waits for it.
func (t *tenure) housekeep(ctx context.Context) error {
	t.acknowledge()
	t.meetings.evict(time.Now(), evictIdle, t.order.Forget)
	if err := t.judgeWatched(ctx); err != nil {
		return err
	}
	t.set.Metrics.forced.Add(float64(t.order.Forced() - t.forced))
	t.forced = t.order.Forced()
	t.oldest.Set(t.oldestHeld(time.Now()).Seconds())
	if t.fence.NeedsRenewal() && t.out.idle() {
		if err := t.fence.Renew(ctx); err != nil {
			return err
		}
		t.epoch.Store(t.fence.Epoch())
	}
	return nil
}

// oldestHeld returns for how long the event whose hold ends next has been held, 0 when none is. Log time tells when it came, which
// in a backlog is long ago.
func (t *tenure) oldestHeld(now time.Time) time.Duration {
	since, ok := t.order.Oldest()
	if !ok {
		return 0
	}
	return max(now.Sub(since), 0)
}

// acknowledge tells the journal up to where nothing needs reading again. A lost acknowledgement is harmless.
func (t *tenure) acknowledge() {
	if mark, moved := t.floor.Rise(); moved {
		if err := t.feed.Ack(mark); err != nil {
			t.set.Logger.Debug("acknowledgement lost", telemetry.Partition(t.partition), telemetry.Err(err))
		}
	}
}

// finish appends what order has released, unless the journal is full, and acknowledges. What is held stays in RAW: releasing
// it early would break the order of what comes after the restart.
func (t *tenure) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, finishLimit)
	defer cancel()
	for t.out.len() > 0 && t.out.wait == nil {
		t.out.send()
		select {
		case err := <-t.out.results:
			if err != nil {
				t.acknowledge()
				return nil // What is not appended stays in RAW.
			}
			if err := t.appended(ctx, nil); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
	t.acknowledge()
	return nil
}
