package deliver

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

var errRefused = errors.New("refused for now")

// laneModel is one meeting as the model sees it: the numbers of its events, and what keeps the first from being sent.
type laneModel struct {
	queue    []int
	flying   int
	attempts int
	turned   bool // the first failed while the sink was held back
	first    time.Time
	next     time.Time
	dead     bool
}

// lanesModel is a world around Lanes: what is with the sink, and what should be where.
type lanesModel struct {
	t      *rapid.T
	lanes  *Lanes
	retry  RetryConfig
	jitter float64
	now    time.Time
	lost   time.Duration
	keys   map[string]*laneModel
	flying [][]Item
	bury   []Dead
	pushed int
}

func newLanesModel(t *rapid.T) *lanesModel {
	m := &lanesModel{t: t, now: time.Unix(1_700_000_000, 0), keys: map[string]*laneModel{}}
	m.retry = RetryConfig{
		Initial:     time.Duration(rapid.IntRange(1, 100).Draw(t, "initial")) * time.Millisecond,
		GiveUpAfter: time.Duration(rapid.SampledFrom([]int{0, 50, 500}).Draw(t, "give up")) * time.Millisecond,
	}
	m.retry.Max = m.retry.Initial * time.Duration(rapid.IntRange(1, 20).Draw(t, "max"))
	m.lanes = NewLanes(&Config{Retry: m.retry, LaneMax: 1000, LanePatience: time.Hour}, Limits{Parked: 1, Pages: 1}, func() float64 { return m.jitter })
	return m
}

func (m *lanesModel) push() {
	key := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(m.t, "key")
	if m.keys[key] == nil {
		m.keys[key] = &laneModel{}
	}
	m.keys[key].queue = append(m.keys[key].queue, m.pushed)
	id := chime.Identity{byte(m.pushed >> 8), byte(m.pushed), 1}
	m.lanes.Push(Item{Event: pipeline.Event{Key: key, ID: id}, Position: m.pushed})
	m.pushed++
}

// may returns how many events of a meeting may be sent now.
func (m *lanesModel) may(k *laneModel) int {
	switch {
	case k.flying > 0 || k.dead || k.next.After(m.now):
		return 0
	case k.attempts > 0 || k.turned:
		return min(1, len(k.queue))
	}
	return len(k.queue)
}

func (m *lanesModel) take() {
	limit := rapid.IntRange(1, 6).Draw(m.t, "limit")
	want := 0
	for _, k := range m.keys {
		want += m.may(k)
	}
	items := m.lanes.Take(nil, m.now, limit)
	require.Len(m.t, items, min(want, limit))
	given := map[string]int{}
	for i := range items {
		key := items[i].Key
		if given[key] > 0 {
			require.Equal(m.t, key, items[i-1].Key, "the events of a meeting are not together")
		}
		require.Less(m.t, given[key], m.may(m.keys[key]), "a lane that has to wait gave something")
		require.Equal(m.t, m.keys[key].queue[given[key]], items[i].Position)
		given[key]++
	}
	m.fair(given)
	for key, n := range given {
		m.keys[key].flying = n
	}
	if len(items) > 0 {
		m.flying = append(m.flying, items)
	}
}

// fair expects a meeting that might send more to have no less than any other, but for one event when not all can have the same.
func (m *lanesModel) fair(given map[string]int) {
	most := 0
	for _, n := range given {
		most = max(most, n)
	}
	for key, k := range m.keys {
		if given[key] < m.may(k) {
			require.GreaterOrEqual(m.t, given[key], most-1, key)
		}
	}
}

// answer draws what the sink says about one event.
func (m *lanesModel) answer() error {
	switch rapid.IntRange(0, 9).Draw(m.t, "answer") {
	case 0, 1:
		return errRefused
	case 2:
		return pipeline.Throttle(errRefused, time.Duration(rapid.IntRange(0, 200).Draw(m.t, "wait"))*time.Millisecond)
	case 5:
		return pipeline.Reject(errRefused)
	case 3:
		return heldError{pipeline.Reject(errRefused)}
	case 4:
		return heldError{errRefused}
	}
	return nil
}

// untake gives a batch back as if nobody had sent it.
func (m *lanesModel) untake() {
	i := rapid.IntRange(0, len(m.flying)-1).Draw(m.t, "batch")
	m.lanes.Untake(m.flying[i])
	for _, item := range m.flying[i] {
		m.keys[item.Key].flying = 0
	}
	m.flying = slices.Delete(m.flying, i, i+1)
}

func (m *lanesModel) settle(answer func() error) {
	i := rapid.IntRange(0, len(m.flying)-1).Draw(m.t, "batch")
	items := m.flying[i]
	m.flying = slices.Delete(m.flying, i, i+1)
	m.jitter = rapid.Float64Range(0, 0.999).Draw(m.t, "jitter")
	errs := make([]error, len(items))
	for i := range errs {
		errs[i] = answer()
	}
	v := m.lanes.Settle(m.now, items, errs)
	require.NoError(m.t, v.Fatal)
	var accepted, dead []int
	failed := map[pipeline.Class]int{}
	for begin := 0; begin < len(items); {
		k := m.keys[items[begin].Key]
		end := begin + k.flying
		k.flying = 0
		for begin < end && errs[begin] == nil {
			accepted = append(accepted, k.queue[0])
			k.queue, k.attempts, k.first, k.next, k.turned = k.queue[1:], 0, time.Time{}, time.Time{}, false
			begin++
		}
		if begin < end {
			class, _ := pipeline.Classify(errs[begin])
			failed[class]++
			if m.fails(k, errs[begin]) {
				dead = append(dead, k.queue[0])
			}
		}
		begin = end
	}
	require.Equal(m.t, accepted, positions(v.Accepted))
	require.True(m.t, maps.Equal(failed, v.Failed), "%v instead of %v", v.Failed, failed)
	var buried []int
	for _, d := range v.Dead {
		require.Equal(m.t, m.keys[d.Key].attempts, d.Attempts)
		require.ErrorIs(m.t, d.Cause, errRefused)
		buried = append(buried, d.Position)
	}
	require.Equal(m.t, dead, buried)
	m.bury = append(m.bury, v.Dead...)
}

// fails notes the failure of the first event of a meeting and reports whether it is given up.
func (m *lanesModel) fails(k *laneModel, err error) bool {
	if _, held := errors.AsType[heldError](err); held {
		k.turned = true
		return false
	}
	k.attempts++
	worked := m.now.Add(-m.lost)
	if k.first.IsZero() {
		k.first = worked
	}
	class, wait := pipeline.Classify(err)
	old := m.retry.GiveUpAfter > 0 && worked.Sub(k.first) >= m.retry.GiveUpAfter
	if k.dead = class == pipeline.ClassReject || old; k.dead {
		return true
	}
	bound := m.retry.Initial
	for range k.attempts - 1 {
		bound = min(2*bound, m.retry.Max)
	}
	k.next = m.now.Add(max(wait, time.Duration(m.jitter*float64(bound))))
	return false
}

func (m *lanesModel) buried() {
	i := rapid.IntRange(0, len(m.bury)-1).Draw(m.t, "dead")
	d := m.bury[i]
	m.bury = slices.Delete(m.bury, i, i+1)
	k := m.keys[d.Key]
	require.Equal(m.t, k.queue[0], d.Position)
	*k = laneModel{queue: k.queue[1:]}
	m.lanes.Buried(d)
}

// check compares what can be asked at any time.
func (m *lanesModel) check() {
	size, waiting := 0, 0
	var wake time.Time
	for _, k := range m.keys {
		size += len(k.queue)
		if k.attempts > 0 && !k.dead && k.flying == 0 && k.next.After(m.now) {
			waiting++
			if wake.IsZero() || k.next.Before(wake) {
				wake = k.next
			}
		}
	}
	require.Equal(m.t, size, m.lanes.Len())
	at, ok := m.lanes.Wake()
	if waiting > 0 {
		require.True(m.t, ok)
		require.False(m.t, at.After(wake))
	}
	require.GreaterOrEqual(m.t, m.lanes.Waiting(), waiting)
}

func positions(items []Item) []int {
	var out []int
	for _, i := range items {
		out = append(out, i.Position)
	}
	return out
}

// TestLanesAgainstModel plays a sink that accepts, refuses, throttles and rejects at random, and is held back now and then, with
// several batches on their way, and expects at each step exactly what the model says: the order of each meeting, one batch of it at a time, the
// failed event and all after it kept, every pause, every dead letter, that no lane which may go on is passed over, and that each has its share.
func TestLanesAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newLanesModel(t)
		chance := dice(t)
		for range 10 + chance.IntN(100) {
			switch what := chance.IntN(12); {
			case what == 10 && len(m.flying) > 0:
				m.untake()
			case what == 11:
				d := time.Duration(rapid.IntRange(0, 300).Draw(t, "outage")) * time.Millisecond
				m.now, m.lost = m.now.Add(d), m.lost+d
				m.lanes.Lost(m.lost)
			case what < 3:
				m.push()
			case what < 6:
				m.take()
			case what < 8 && len(m.flying) > 0:
				m.settle(m.answer)
			case what == 8 && len(m.bury) > 0:
				m.buried()
			default:
				m.now = m.now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "passes")) * time.Millisecond)
			}
			m.check()
		}
		m.drain()
	})
}

// drain lets everything be accepted and expects nothing to be left.
func (m *lanesModel) drain() {
	for m.lanes.Len() > 0 {
		m.now = m.now.Add(time.Hour)
		for len(m.bury) > 0 {
			m.buried()
		}
		m.take()
		for len(m.flying) > 0 {
			m.settle(func() error { return nil })
		}
	}
	require.Empty(m.t, m.lanes.byKey, "an empty lane is remembered")
	require.Empty(m.t, m.lanes.ready)
	require.Zero(m.t, m.lanes.Waiting())
}

// TestLanesFatal expects the failed event and all after it to stay, and the error to be told.
func TestLanesFatal(t *testing.T) {
	c := DefaultConfig()
	l := NewLanes(&c, Limits{Parked: 1, Pages: 1}, func() float64 { return 0 })
	for i := range 3 {
		l.Push(Item{Event: pipeline.Event{Key: "a"}, Position: i})
	}
	now := time.Unix(1, 0)
	v := l.Settle(now, l.Take(nil, now, 3), []error{nil, pipeline.Fatal(errRefused), nil})
	require.ErrorIs(t, v.Fatal, errRefused)
	require.Equal(t, []int{0}, positions(v.Accepted))
	require.Empty(t, v.Dead)
	require.Equal(t, 2, l.Len())
	require.Empty(t, l.Take(nil, now.Add(time.Hour), 3))
}

// TestBackoffStaysBelowItsBound compares the bound with arithmetic that cannot overflow.
func TestBackoffStaysBelowItsBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		initial := rapid.Int64Range(int64(time.Millisecond), int64(48*time.Hour)).Draw(t, "initial")
		most := rapid.Int64Range(initial, int64(100*time.Hour)).Draw(t, "most")
		attempts := rapid.IntRange(1, 200).Draw(t, "attempts")
		jitter := rapid.Float64Range(0, 0.999999).Draw(t, "jitter")
		bound := initial
		for range attempts - 1 {
			bound = min(2*bound, most)
		}
		b := backoff{initial: time.Duration(initial), most: time.Duration(most), random: func() float64 { return jitter }}
		pause := b.pause(attempts)
		require.Equal(t, time.Duration(jitter*float64(bound)), pause)
		require.GreaterOrEqual(t, pause, time.Duration(0))
		require.LessOrEqual(t, pause, time.Duration(bound))
	})
}

func TestConfig(t *testing.T) {
	c := DefaultConfig()
	require.NoError(t, c.Validate())
	c.Start, c.Guard.Last, c.Where, c.OnDead = "2026-01-05T10:00:00+01:00", 0, `late && detail.a == "b"`, OnDeadPark
	require.NoError(t, c.Validate())
	c = Config{
		Start: "later", Kinds: []string{"chime:*", "[", ""}, Exclude: []string{""}, Where: "a == b", MaxInFlight: 4097,
		Retry: RetryConfig{Max: -1, GiveUpAfter: -1}, OnDead: "stop", Guard: GuardConfig{Last: -1, Share: 1},
	}
	err := c.Validate()
	for _, path := range []string{
		"start:", "kinds[1]:", "kinds[2]:", "exclude[0]:", "where: line 1, column 1:", "where: line 1, column 6:", "max_in_flight:", "lane_max:",
		"lane_patience:", "retry.initial:", "retry.max:", "retry.give_up_after:", "on_dead:", "guard.last:", "guard.share:",
	} {
		require.ErrorContains(t, err, path)
	}
}
