package sequence_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
)

// modeOf returns a configuration of a mode with the window of these tests.
func modeOf(mode order.Mode, late order.LatePolicy) order.Config {
	c := order.DefaultConfig()
	c.Mode, c.Window, c.Late = mode, window, late
	return c
}

// places is what becomes of the notifications of one meeting.
type places struct{ events, late []pipeline.Event }

// expectedPlaces is expected for every mode and policy.
func (r *rig) expectedPlaces() map[string]places {
	r.t.Helper()
	events, stored := r.raw()
	b := order.New[pipeline.Event](r.order, unlimited)
	seen := map[chime.Identity]bool{}
	var now time.Time
	for i, e := range events {
		if stored[i].After(now) {
			now = stored[i]
		}
		if !seen[e.ID] {
			seen[e.ID] = true
			b.Push(now, order.Entry[pipeline.Event]{
				Key: e.Key, ID: e.ID, Kind: e.Kind, Attendee: e.Attendee, Time: e.Time.UnixMilli(), Raw: e.Raw, Payload: e,
			})
		}
	}
	out := map[string]places{}
	for _, d := range b.Due(nil, now.Add(time.Hour)) {
		e := d.Payload
		e.IsLate, e.Late, e.First, e.Gap, e.Body = d.IsLate, time.Duration(d.Late)*time.Millisecond, d.First, d.Gap, nil
		p := out[e.Key]
		if e.IsLate && r.order.Late != order.LateForward {
			p.late = append(p.late, e)
		} else {
			p.events = append(p.events, e)
		}
		out[e.Key] = p
	}
	return out
}

// actualPlaces reads both streams. The log time of arrivals is left out: log time begins anew with a tenure.
func (r *rig) actualPlaces(keys map[string]places) map[string]places {
	r.t.Helper()
	out := map[string]places{}
	for key := range keys {
		late, _, err := r.j.LateHistory(r.ctx, 0, key)
		require.NoError(r.t, err)
		out[key] = places{events: bare(r.history(key)), late: bare(late)}
	}
	return out
}

func bare(events []pipeline.Event) []pipeline.Event {
	for i := range events {
		events[i].Sequence, events[i].Arrived = 0, time.Time{}
	}
	return events
}

func count(all map[string]places) (events, late int) {
	for _, p := range all {
		events, late = events+len(p.events), late+len(p.late)
	}
	return events, late
}

// requirePlaces waits until everything has its place, and expects the places to be the right ones.
func (r *rig) requirePlaces() (events, late int) {
	r.t.Helper()
	want := r.expectedPlaces()
	events, late = count(want)
	require.Eventually(r.t, func() bool {
		e, l := count(r.actualPlaces(want))
		return e+l >= events+late
	}, limit, 10*time.Millisecond, "every event has a place")
	require.Equal(r.t, want, r.actualPlaces(want))
	return events, late
}

// life of a meeting, with few timestamps, as script makes them, but with kinds that wait for each other.
func (r *rig) meetings(events int) []journal.Notification {
	kinds := []string{
		"chime:MeetingStarted", "chime:AttendeeAdded", "chime:AttendeeJoined", "chime:AttendeeDropped", "chime:AttendeeLeft", "chime:AttendeeVideoStarted",
		"chime:AttendeeVideoStopped", "chime:AttendeeContentJoined", "chime:AttendeeContentLeft", "chime:MeetingEnded", "chime:SomethingNew",
	}
	ns := r.script(events)
	kindOf := map[chime.Identity]string{}
	for i := range ns {
		if kindOf[ns[i].ID] == "" {
			kindOf[ns[i].ID] = kinds[r.dice.IntN(len(kinds))]
		}
		ns[i].Kind = kindOf[ns[i].ID]
	}
	return ns
}

// TestModesStopAtAnyMoment stops, fences off and starts sequencers at random moments while records come, in every mode that
// reads the same RAW alike and with every policy for late events: in the end each event has the one place that an undisturbed
// reading gives it, and was counted once.
func TestModesStopAtAnyMoment(t *testing.T) {
	for _, c := range []order.Config{
		modeOf(order.ModeCausal, order.LateForward), modeOf(order.ModeCausal, order.LateDivert), modeOf(order.ModeCausal, order.LateDrop),
		modeOf(order.ModeTime, order.LateDivert), modeOf(order.ModeTime, order.LateDrop),
	} {
		t.Run(fmt.Sprintf("%s %s", c.Mode, c.Late), func(t *testing.T) {
			r := newRig(t, c, nil)
			r.limit.Meetings = 2
			s := r.sequencer()
			var writing sync.WaitGroup
			ns := r.meetings(250)
			pauses, fenced := make([]time.Duration, 15), make([]bool, 15)
			for i := range pauses {
				pauses[i], fenced[i] = time.Duration(r.dice.IntN(40))*time.Millisecond, r.dice.IntN(2) == 0
			}
			writing.Go(func() { r.writeSlowly(ns) })
			for i := range pauses {
				s.start()
				r.pause(pauses[i])
				if !fenced[i] {
					s.end()
					continue
				}
				_, err := r.j.TakeFence(r.ctx, 0)
				require.NoError(t, err)
				r.pause(window)
				s.stop()
				_ = s.returned() // With the error of the fence, or without one when there was nothing to append.
			}
			writing.Wait()
			s.start()
			events, late := r.requirePlaces()
			counted := func() int { return s.sum("carillon_dedupe_events_total") }
			require.Eventually(t, func() bool { return counted() >= events+late }, limit, 10*time.Millisecond)
			s.end()
			require.Equal(t, events+late, counted())
			if c.Late != order.LateForward {
				require.NotZero(t, late, "nothing was late: the test shows nothing")
			}
			require.Zero(t, s.sum("carillon_order_held_events"))
			require.Equal(t, c.Mode == order.ModeCausal, s.sum("carillon_order_gaps_total") > 0)
		})
	}
}

// TestRivalsInModes lets another sequencer take the partition again and again while the present one works and does not know
// yet that its lease is gone: each late event is in LATE once, whoever wrote it.
func TestRivalsInModes(t *testing.T) {
	for _, mode := range []order.Mode{order.ModeCausal, order.ModeTime} {
		t.Run(string(mode), func(t *testing.T) {
			r := newRig(t, modeOf(mode, order.LateDivert), nil)
			present := r.sequencer()
			present.own()
			var writing sync.WaitGroup
			ns := r.meetings(300)
			writing.Go(func() { r.writeSlowly(ns) })
			for range 6 {
				r.pause(30 * time.Millisecond)
				rival := r.sequencer()
				rival.own()
				r.pause(30 * time.Millisecond)
				present.end()
				present = rival
			}
			writing.Wait()
			_, late := r.requirePlaces()
			require.NotZero(t, late)
			present.end()
		})
	}
}

// TestLatePolicies expects a late event in its place with or without its body, its copies to be known after a restart, and the
// counters to tell.
func TestLatePolicies(t *testing.T) {
	for policy, body := range map[order.LatePolicy]string{order.LateDivert: "event 2", order.LateDrop: ""} {
		t.Run(string(policy), func(t *testing.T) {
			r := newRig(t, modeOf(order.ModeTime, policy), nil)
			s := r.sequencer()
			s.start()
			r.write(r.note("a", "chime:AttendeeLeft", "x", 3000))
			require.Eventually(t, func() bool { return len(r.history("a")) == 1 }, limit, time.Millisecond)
			late := r.note("a", "chime:AttendeeJoined", "x", 2000)
			r.write(late)
			r.requirePlaces()
			s.end() // What has its place is counted a moment later.
			require.Equal(t, 1, s.sum("carillon_order_late_total"))
			require.Equal(t, 1, s.sum("carillon_order_released_total"))

			s = r.sequencer()
			s.start()
			late.Source = "topic"
			r.write(late, r.note("a", "chime:AttendeeJoined", "x", 4000))
			events, lates := r.requirePlaces()
			s.end()
			require.Equal(t, 1, s.sum("carillon_dedupe_witnesses_total"))
			require.Equal(t, [2]int{2, 1}, [2]int{events, lates})
			var bodies []string
			require.NoError(t, r.j.Scan(r.ctx, journal.PlaceLate, func(m journal.Message) error {
				bodies = append(bodies, string(m.Body))
				return nil
			}))
			require.Equal(t, []string{body}, bodies)
		})
	}
}

// TestGapsAfterARestart expects a predecessor that was waited for in vain not to be waited for again by a new process.
func TestGapsAfterARestart(t *testing.T) {
	r := newRig(t, modeOf(order.ModeCausal, order.LateForward), nil)
	s := r.sequencer()
	s.start()
	r.write(r.note("a", "chime:MeetingStarted", "", 1000), r.note("a", "chime:AttendeeJoined", "x", 2000))
	require.Eventually(t, func() bool { return len(r.history("a")) == 2 }, limit, time.Millisecond)
	require.Equal(t, "added", r.history("a")[1].Gap)
	s.end() // What is in EVENTS is counted a moment later.
	require.Equal(t, 1, s.sum("carillon_order_gaps_total"))

	s = r.sequencer()
	s.start()
	for i := range 20 {
		kind := []string{"chime:AttendeeVideoStarted", "chime:AttendeeVideoStopped"}[i%2]
		r.write(r.note("a", kind, "x", int64(3000+i)))
	}
	r.requirePlaces()
	require.Zero(t, s.sum("carillon_order_gaps_total"))
	s.end()
}

// TestAdaptive expects the window to be shown, and everything to come out once and in order or marked.
func TestAdaptive(t *testing.T) {
	r := newRig(t, modeOf(order.ModeAdaptive, order.LateForward), nil)
	s := r.sequencer()
	s.start()
	r.writeSlowly(r.script(200))
	want := r.expected()
	total := 0
	for _, events := range want {
		total += len(events)
	}
	have := func() int {
		n := 0
		for key := range want {
			n += len(r.history(key))
		}
		return n
	}
	require.Eventually(t, func() bool { return have() >= total }, limit, 10*time.Millisecond)
	require.Equal(t, total, have())
	require.InDelta(t, order.DefaultConfig().Adaptive.Min.Seconds(), s.gauge("carillon_order_window_seconds"), 1e-9)
	s.end()
	for key := range want {
		newest := time.Time{}
		for _, e := range r.history(key) {
			require.True(t, e.IsLate || !e.Time.Before(newest), "out of order and not marked")
			if e.Time.After(newest) {
				newest = e.Time
			}
		}
	}
}

// TestRoles expects media pipelines and content shares to be known by their bodies, and by EVENTS after a restart.
func TestRoles(t *testing.T) {
	r := newRig(t, modeOf(order.ModeCausal, order.LateForward), nil)
	s := r.sequencer()
	s.start()
	service := r.note("a", "chime:AttendeeJoined", "p", 2000)
	service.Body = []byte(`{"detail":{"attendeeId":"p","externalUserId":"aws:MediaPipeline-1234"}}`)
	share := r.note("a", "chime:AttendeeJoined", "x", 3000)
	share.Body = []byte(`{"detail":{"attendeeId":"x#content","externalUserId":"user"}}`)
	sharing := r.note("a", "chime:AttendeeContentJoined", "x", 2500)
	sharing.Body = share.Body
	r.write(r.note("a", "chime:MeetingStarted", "", 1000), r.note("a", "chime:AttendeeAdded", "x", 1001),
		r.note("a", "chime:AttendeeJoined", "x", 1002), service, sharing, share)
	require.Eventually(t, func() bool { return len(r.history("a")) == 6 }, limit, time.Millisecond)
	s.end()
	require.Zero(t, s.sum("carillon_order_gaps_total"))
	var roles []pipeline.Role
	for _, e := range r.history("a") {
		roles = append(roles, e.Role)
		require.False(t, e.IsLate)
	}
	require.Equal(t, []pipeline.Role{"", "", "", pipeline.RoleService, pipeline.RolePerson, pipeline.RoleContent}, roles)

	s = r.sequencer()
	s.start()
	gone := r.note("a", "chime:AttendeeLeft", "x", 4000)
	gone.Body = share.Body
	r.write(gone, r.note("a", "chime:AttendeeVideoStarted", "x", 5000))
	require.Eventually(t, func() bool { return len(r.history("a")) == 8 }, limit, time.Millisecond)
	s.end()
	require.Zero(t, s.sum("carillon_order_gaps_total"), "the share that left took its owner with it")
}

// gauge returns the one value of a gauge.
func (l *life) gauge(name string) float64 {
	l.r.t.Helper()
	families, err := l.reg.Gather()
	require.NoError(l.r.t, err)
	for _, f := range families {
		if f.GetName() == name {
			require.Len(l.r.t, f.GetMetric(), 1)
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	require.Fail(l.r.t, "no such metric")
	return 0
}
