package kafka_test

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"carillon/connectors/kafka"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// warm writes one event, after which the sink knows the topic and sends together what may be sent together.
func warm(t *testing.T, s pipeline.Sink) chime.Identity {
	t.Helper()
	e := event(255, "first of all")
	require.NoError(t, s.Write(t.Context(), []pipeline.Event{e}))
	return e.ID
}

// meeting returns n events of a meeting, numbered from begin.
func meeting(key string, begin, n byte) ([]pipeline.Event, []chime.Identity) {
	events := make([]pipeline.Event, n)
	ids := make([]chime.Identity, n)
	for i := range n {
		events[i] = event(begin+i, key)
		ids[i] = events[i].ID
	}
	return events, ids
}

// of returns those of got that belong to a meeting of meeting.
func of(got, ids []chime.Identity) []chime.Identity {
	wanted := map[chime.Identity]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	var out []chime.Identity
	for _, id := range got {
		if wanted[id] {
			out = append(out, id)
		}
	}
	return out
}

// TestWrite_AMeetingCostsOneRoundTrip counts requests. Now and then the client may cut a batch in two.
func TestWrite_AMeetingCostsOneRoundTrip(t *testing.T) {
	f := newFarSide(t)
	s := started(t, f)
	warm(t, s)
	var requests atomic.Int64
	f.cluster.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		requests.Add(1)
		return nil, nil, false
	})
	const writes, each = 10, 20
	var want []chime.Identity
	for i := range byte(writes) {
		events, ids := meeting("m", i*each, each)
		require.NoError(t, s.Write(t.Context(), events))
		want = append(want, ids...)
	}
	require.Equal(t, want, of(f.accepted(), want))
	require.GreaterOrEqual(t, requests.Load(), int64(writes))
	require.Less(t, requests.Load(), int64(2*writes))
}

// TestWrite_ABatchThatIsRefusedOnce lets nothing of a meeting overtake.
func TestWrite_ABatchThatIsRefusedOnce(t *testing.T) {
	for _, refusal := range []*kerr.Error{
		kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.TopicAuthorizationFailed, kerr.MessageTooLarge, kerr.UnknownServerError,
		kerr.NotLeaderForPartition,
	} {
		t.Run(refusal.Message, func(t *testing.T) {
			f := newFarSide(t)
			s := started(t, f)
			warm(t, s)
			a, idsOfA := meeting("a", 0, 20)
			b, idsOfB := meeting("b", 100, 20)
			f.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: refusal, Count: 1})
			rest := append(a, b...)
			require.Eventually(t, func() bool {
				answers := pipeline.FailedAt(s.Write(t.Context(), rest), len(rest))
				rest = failed(rest, answers)
				return len(rest) == 0
			}, soon, time.Millisecond)
			got := f.accepted()
			require.Equal(t, idsOfA, of(got, idsOfA))
			require.Equal(t, idsOfB, of(got, idsOfB))
		})
	}
}

// failed returns the events that were not accepted.
func failed(events []pipeline.Event, answers []error) []pipeline.Event {
	var out []pipeline.Event
	for i, err := range answers {
		if err != nil {
			out = append(out, events[i])
		}
	}
	return out
}

// TestWrite_NothingBehindAnEventThatIsAlwaysRefused parks as on_dead: park does: what is behind the rejected event is not there.
func TestWrite_NothingBehindAnEventThatIsAlwaysRefused(t *testing.T) {
	const n = 8
	for bad := range n {
		t.Run(strconv.Itoa(bad), func(t *testing.T) {
			f := newFarSide(t)
			s := started(t, f)
			warm(t, s)
			events, ids := meeting("m", 0, n)
			_, others := meeting("x", 100, n)
			for i := range byte(n) {
				events = append(events, event(100+i, fmt.Sprint("other ", i)))
			}
			f.refuse(func(id chime.Identity) bool { return id == ids[bad] })
			answers := pipeline.FailedAt(s.Write(t.Context(), events), len(events))
			for i, err := range answers {
				class, _ := pipeline.Classify(err)
				switch {
				case i == bad:
					require.Equal(t, pipeline.ClassReject, class)
				case i > bad && i < n:
					require.ErrorContains(t, err, "not sent")
				default:
					require.NoError(t, err)
				}
			}
			got := f.accepted()
			require.Equal(t, ids[:bad:bad], append([]chime.Identity{}, of(got, ids)...))
			require.Len(t, of(got, others), n)
		})
	}
}

// TestWrite_ManyLateAnswersAreWaitedForAgain: what goes with them is not sent again, and nothing goes past them.
func TestWrite_ManyLateAnswersAreWaitedForAgain(t *testing.T) {
	f := newFarSide(t)
	s := started(t, f, func(c *kafka.Config) { c.Timeout = time.Second })
	warm(t, s)
	events, ids := meeting("m", 0, 10)
	stalled := f.proxy.Stall()
	requireClass(t, s.Write(t.Context(), events[:5]), pipeline.ClassRetry, "no answer within 1s")
	requireClass(t, s.Write(t.Context(), events), pipeline.ClassRetry, "no answer within 1s")
	stalled.Resume()
	rest := events
	require.Eventually(t, func() bool {
		rest = failed(rest, pipeline.FailedAt(s.Write(t.Context(), rest), len(rest)))
		return len(rest) == 0
	}, soon, 10*time.Millisecond)
	require.Equal(t, ids, of(f.accepted(), ids))
}

// TestWrite_TheTopicGrows: while it does a meeting moves to another partition, and no event is lost.
func TestWrite_TheTopicGrows(t *testing.T) {
	f := newFarSide(t)
	s := started(t, f)
	warm(t, s)
	admin, err := kgo.NewClient(kgo.SeedBrokers(f.proxy.Addr()))
	require.NoError(t, err)
	defer admin.Close()
	want := 1
	for i := range byte(8) {
		request := kmsg.NewPtrCreatePartitionsRequest()
		more := kmsg.NewCreatePartitionsRequestTopic()
		more.Topic, more.Count = topic, partitions+int32(i)+1
		request.Topics = append(request.Topics, more)
		answer, err := request.RequestWith(t.Context(), admin)
		require.NoError(t, err)
		require.NoError(t, kerr.ErrorForCode(answer.Topics[0].ErrorCode))
		events, _ := meeting(fmt.Sprint("meeting ", i), i*20, 20)
		require.Eventually(t, func() bool {
			events = failed(events, pipeline.FailedAt(s.Write(t.Context(), events), len(events)))
			return len(events) == 0
		}, soon, time.Millisecond)
		want += 20
	}
	require.Len(t, f.accepted(), want)
}
