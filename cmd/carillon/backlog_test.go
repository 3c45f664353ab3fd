package main_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
	"carillon/pipeline/simulate"
)

var backlog = flag.Int("backlog", 20_000, "about how many records wait in RAW in the backlog test")

const (
	// backlogLength is how long the meetings of the backlog last.
	backlogLength = 10 * time.Second
	// recordsOfAMeeting is about how many notifications a meeting of the demo has at least.
	recordsOfAMeeting = 150
	// fillEvery is how often what has arrived is stored.
	fillEvery = 5 * time.Millisecond
	// fillBatch is how many of them at once.
	fillBatch = 1000
)

// TestBacklogAfterAKill lets records pile up in RAW while no sequencer runs, as they arrive, and starts a router on them that is
// killed twice in the middle of them. Log time passes as it did when they came: the meetings come out as they would have from a
// router that was there, and nothing is late that would not have been late then.
//
//testing:invariants I2 I3 I4 I7 I8
func TestBacklogAfterAKill(t *testing.T) {
	t.Parallel()
	r := newRig(t, newReceiver().hurry(), rigOptions{})
	n := r.nodes[0]
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	profile := simulate.Demo(seed, time.Now().Add(time.Second).Truncate(time.Millisecond))
	profile.Meetings, profile.Duration, profile.Unreadable, profile.CloudTrail = max(8, *backlog/recordsOfAMeeting), backlogLength, 0, 0
	truth, err := simulate.Generate(profile)
	require.NoError(t, err)
	plan := simulate.Plan(profile, truth)
	r.fill(t, plan)
	for _, share := range []uint64{5, 2} {
		r.launch(t, n)
		n.await(t, soon, "a part of the events", func() bool { return messages(t, r, "CHIME_EVENTS") > uint64(len(truth.Events))/share })
		n.kill()
	}
	r.launch(t, n)
	r.settle(t, n.process)
	require.NoError(t, n.stop(t))
	raw := r.auditJournal(t, []round{{truth: truth, plan: plan}})
	require.Len(t, raw, len(plan))
}

// fill stores what plan delivers in RAW when it arrives.
func (r *rig) fill(t *testing.T, plan []simulate.Delivery) {
	t.Helper()
	j := r.open(t)
	tick := time.NewTicker(fillEvery)
	defer tick.Stop()
	var items []chime.Item
	for len(plan) > 0 {
		var msgs []*nats.Msg
		now := <-tick.C
		for ; len(plan) > 0 && !plan[0].At.After(now); plan = plan[1:] {
			items = chime.Read(items[:0], plan[0].Body, now)
			require.NoError(t, items[0].Err)
			msgs = append(msgs, j.RawMessage(journal.Notification{
				Record: items[0].Record, Source: string(plan[0].Path), Received: now, Body: items[0].Body,
			}))
		}
		for part := range slices.Chunk(msgs, fillBatch) { // a machine that is behind has many, and a limit for each
			require.NoError(t, j.AppendRaw(context.WithoutCancel(t.Context()), part))
		}
	}
	require.NoError(t, j.Close())
}
