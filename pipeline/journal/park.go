package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

const (
	// meetingBytes is about what one read of a meeting returns at most; a single message may be larger.
	meetingBytes = 512 << 10
	// parkedPage is how many parked lanes one read of their bucket fetches.
	parkedPage = 1000
	// markerLife is how long the server keeps the marker of a lane that is parked no more.
	markerLife = time.Minute
	// operationHeader says in a bucket that a message is no value.
	operationHeader = "KV-Operation"
	operationDelete = "DEL"
)

// Parked holds how far the parked lanes of one sink in one partition are. Opening it again ends the right of whoever had it
// before to write: a former owner that declared a lane caught up would lose what its successor has not delivered. It is not
// safe for concurrent use.
type Parked struct {
	j         *Journal
	sink      string
	partition int
	fence     uint64
}

// OpenParked ends the right of every other owner and returns ours, together with the next EVENTS sequence of every meeting
// that is parked. Hold the lease of partition p first.
func (j *Journal) OpenParked(ctx context.Context, sink string, p int) (*Parked, map[string]uint64, error) {
	k := &Parked{j: j, sink: sink, partition: p}
	ack, err := k.publish(ctx, &nats.Msg{Subject: j.names.parkedFence(sink, p), Data: []byte(j.set.Owner)})
	if err != nil {
		return nil, nil, fmt.Errorf("taking parked lanes: %w", err)
	}
	k.fence = ack.Sequence
	lanes := map[string]uint64{}
	err = j.scanParked(ctx, j.names.parkedFilter(sink, p), func(subject string, next uint64) error {
		lanes[subject[strings.LastIndexByte(subject, '.')+1:]] = next
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("reading parked lanes: %w", err)
	}
	return k, lanes, nil
}

// Park stores that the lane of key goes on with the event at sequence next. Once it has returned nil, that event and all after
// it may be acknowledged. ErrFull is returned while too many lanes are parked; ErrFenced when the partition has another owner.
// After any other error the outcome is unknown.
func (k *Parked) Park(ctx context.Context, key string, next uint64) error {
	info, err := k.j.streams[k.j.names.parkedStream()].Info(ctx)
	if err != nil {
		return fmt.Errorf("measuring parked lanes: %w", err)
	}
	// The other half is for progress, markers and fences, which must always go through.
	if info.State.Bytes > toUnsigned(int64(parkedBytes(k.j.stream)))/2 {
		return fmt.Errorf("parking lane: %w", ErrFull)
	}
	return k.Progress(ctx, key, next)
}

// Progress stores that a lane which is parked already goes on with the event at sequence next. When it is lost, a restart
// repeats what was delivered since the last one.
func (k *Parked) Progress(ctx context.Context, key string, next uint64) error {
	if err := k.write(ctx, key, nats.Header{}, strconv.FormatUint(next, 10)); err != nil {
		return fmt.Errorf("parking lane: %w", err)
	}
	return nil
}

// Unpark stores that the lane of key is parked no more: the feed delivers what comes next. After an error other than ErrFull
// and ErrFenced the outcome is unknown, and nothing further of the meeting may be acknowledged.
func (k *Parked) Unpark(ctx context.Context, key string) error {
	h := nats.Header{operationHeader: {operationDelete}, jetstream.MsgTTLHeader: {markerLife.String()}}
	if err := k.write(ctx, key, h, ""); err != nil {
		return fmt.Errorf("unparking lane: %w", err)
	}
	return nil
}

func (k *Parked) write(ctx context.Context, key string, h nats.Header, value string) error {
	h[jetstream.ExpectedLastSubjSeqHeader] = []string{strconv.FormatUint(k.fence, 10)}
	h[jetstream.ExpectedLastSubjSeqSubjHeader] = []string{k.j.names.parkedFence(k.sink, k.partition)}
	_, err := k.publish(ctx, &nats.Msg{Subject: k.j.names.parkedSubject(k.sink, k.partition, key), Header: h, Data: []byte(value)})
	return err
}

func (k *Parked) publish(ctx context.Context, m *nats.Msg) (*jetstream.PubAck, error) {
	if err := k.j.writable(needVital); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	ack, err := k.j.js.PublishMsg(ctx, m, jetstream.WithRetryAttempts(0))
	if err = classify(err); err == nil {
		err = k.j.durable(k.j.names.parkedStream(), ack.Sequence)
	}
	return ack, err
}

// scanParked calls f for every parked lane whose subject matches filter, in no order that means anything, until f returns an
// error, which is returned.
func (j *Journal) scanParked(ctx context.Context, filter string, f func(subject string, next uint64) error) error {
	for from := uint64(1); ; {
		page, err := j.page(ctx, j.names.parkedStream(), filter, from, parkedPage, feedBytes)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, m := range page {
			from = m.Sequence + 1
			if value(m.Header, operationHeader) != "" {
				continue
			}
			next, err := strconv.ParseUint(string(m.Body), 10, 64)
			if err != nil {
				return fmt.Errorf("%s holds no sequence: delete it if another program wrote it", m.Subject)
			}
			if err := f(m.Subject, next); err != nil {
				return err
			}
		}
	}
}

// ReadMeeting returns the first messages of a meeting in EVENTS from sequence from on, with their bodies: at most limit, and
// about 512 KiB. None that was stored before the call is left out between them, and an empty result means that there was none.
func (j *Journal) ReadMeeting(ctx context.Context, p int, key string, from uint64, limit int) ([]Message, error) {
	return j.page(ctx, j.names.events(), j.names.eventSubject(p, key), from, limit, meetingBytes)
}

// page returns the first messages that match filter from sequence from on, as ReadMeeting does.
func (j *Journal) page(ctx context.Context, stream, filter string, from uint64, limit, size int) ([]Message, error) {
	for {
		page, err := j.pageOnce(ctx, stream, filter, max(from, 1), limit, size)
		if err != nil || len(page) > 0 {
			return page, err
		}
		// A direct get may come from a follower that is behind: only the leader knows that there is nothing.
		if seq, _, err := j.firstFrom(ctx, stream, filter, max(from, 1)); err != nil || seq == 0 {
			return nil, err
		}
		if err := pause(ctx, historyPause); err != nil {
			return nil, fmt.Errorf("reading stream %s: %w", stream, err)
		}
	}
}

func (j *Journal) pageOnce(ctx context.Context, stream, filter string, from uint64, limit, size int) ([]Message, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	msgs, err := jetstreamext.GetBatch(ctx, j.js, stream, limit,
		jetstreamext.GetBatchSubject(filter), jetstreamext.GetBatchSeq(from), jetstreamext.GetBatchMaxBytes(size))
	if err != nil {
		return nil, fmt.Errorf("reading stream %s: %w", stream, err)
	}
	var page []Message
	for m, err := range msgs {
		if errors.Is(err, jetstreamext.ErrNoMessages) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading stream %s: %w", stream, err)
		}
		page = append(page, Message{Sequence: m.Sequence, Stored: m.Time, Subject: m.Subject, Header: m.Header, Body: m.Data})
	}
	return page, nil
}

// SinkFloor returns the EVENTS sequence up to which a sink was acknowledged in partition p: its feed, once opened, begins after
// it.
func (j *Journal) SinkFloor(ctx context.Context, sink string, p int) (uint64, error) {
	c, err := j.js.Consumer(ctx, j.names.events(), sinkConsumer(sink, p))
	if err != nil {
		return 0, fmt.Errorf("asking for consumer %s: %w", sinkConsumer(sink, p), err)
	}
	return c.CachedInfo().AckFloor.Stream, nil
}

// parkedFloor remembers the lowest event that a parked lane needs for as long as the bucket does not change.
type parkedFloor struct {
	mu    sync.Mutex
	last  uint64 // sequence and number of messages of the bucket when it was read
	msgs  uint64
	floor uint64
}

// parkedFloor returns the sequence below which no parked lane needs anything, at most last. Ask for the floors of the sinks
// first: a lane is parked before the floor of its sink moves.
func (j *Journal) parkedFloor(ctx context.Context, last uint64) (uint64, error) {
	info, err := j.streams[j.names.parkedStream()].Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("measuring parked lanes: %w", err)
	}
	c := &j.parked
	c.mu.Lock()
	defer c.mu.Unlock()
	if info.State.LastSeq != c.last || info.State.Msgs != c.msgs {
		floor := ^uint64(0)
		err := j.scanParked(ctx, j.names.allParked(), func(_ string, next uint64) error {
			floor = min(floor, max(next, 1)-1)
			return nil
		})
		if err != nil {
			return 0, fmt.Errorf("reading parked lanes: %w", err)
		}
		c.last, c.msgs, c.floor = info.State.LastSeq, info.State.Msgs, floor
	}
	if c.msgs == 0 {
		return last, nil
	}
	return min(c.floor, last), nil
}
