package awslocal

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// plain is the obviously right model of a queue: a list that is searched from the front.
type plain struct{ messages []*plainMessage }

type plainMessage struct {
	id        string
	visibleAt time.Time
	receives  int
}

// visible returns the messages that may be handed out now.
func (p *plain) visible(now time.Time) map[string]*plainMessage {
	out := make(map[string]*plainMessage)
	for _, m := range p.messages {
		if !m.visibleAt.After(now) {
			out[m.id] = m
		}
	}
	return out
}

func (p *plain) remove(id string) {
	for i, m := range p.messages {
		if m.id == id {
			p.messages = append(p.messages[:i:i], p.messages[i+1:]...)
			return
		}
	}
}

func TestQueueAgreesWithItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := newQueue("q", "arn", defaultQueueSettings())
		var model plain
		now := time.Unix(1_760_000_000, 0)
		var handles []string
		ids := make(map[string]string)
		added := 0
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				id := strconv.Itoa(added)
				added++
				delay := time.Duration(rapid.IntRange(0, 3).Draw(t, "delay")) * time.Second
				q.put(now, &message{id: id, sent: now}, delay)
				model.messages = append(model.messages, &plainMessage{id: id, visibleAt: now.Add(delay)})
			},
			"receive": func(t *rapid.T) {
				visibility := time.Duration(rapid.IntRange(0, 5).Draw(t, "visibility")) * time.Second
				may := model.visible(now)
				m := q.receive(now, visibility, nil)
				if m == nil {
					require.Empty(t, may)
					return
				}
				require.Contains(t, may, m.id)
				may[m.id].receives++
				may[m.id].visibleAt = now.Add(visibility)
				require.Equal(t, may[m.id].receives, m.receives)
				handle := q.handle(m)
				require.NotContains(t, ids, handle)
				handles, ids[handle] = append(handles, handle), m.id
			},
			"delete": func(t *rapid.T) {
				if len(handles) == 0 {
					return // Nothing was received.
				}
				handle := rapid.SampledFrom(handles).Draw(t, "handle")
				m, valid := q.find(handle)
				require.True(t, valid)
				if m != nil {
					require.Equal(t, ids[handle], m.id)
					q.remove(m)
					model.remove(m.id)
				}
			},
			"pass": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 4).Draw(t, "seconds")) * time.Second)
			},
			"": func(t *rapid.T) {
				visible, inFlight, delayed := q.counts(now)
				require.Len(t, model.visible(now), visible)
				require.Len(t, model.messages, visible+inFlight+delayed)
				require.Len(t, q.byID, len(model.messages))
			},
		})
	})
}

func TestHandlesOfOthersAreInvalid(t *testing.T) {
	now := time.Unix(1_760_000_000, 0)
	a, b := newQueue("a", "arn", defaultQueueSettings()), newQueue("b", "arn", defaultQueueSettings())
	a.put(now, &message{id: "1", sent: now}, 0)
	handle := a.handle(a.receive(now, time.Second, nil))
	_, valid := b.find(handle)
	require.False(t, valid)
	for _, garbage := range []string{"", "AQEB", "YQ", "!"} {
		_, valid = a.find(garbage)
		require.False(t, valid, garbage)
	}
}
