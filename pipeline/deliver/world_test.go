package deliver

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
)

// record is one event as EVENTS holds it.
type record struct {
	key    string
	seq    uint64
	wanted bool
}

// reading is a page on its way.
type reading struct {
	need Need
	got  []record
	done bool
}

// world is everything around Lanes: the log, the feed, what is stored of floor, parked lanes and dead letters, and the sink.
// What is stored outlives a restart.
type world struct {
	t      *rapid.T
	config Config
	most   Limits
	now    time.Time

	log    []record
	purged uint64 // all up to here is gone
	acked  uint64
	stored map[string]uint64
	dead   map[uint64]bool
	wanted map[string][]uint64 // the sequences that a meeting has to get
	passed map[string]int      // how many of them are settled for good

	lanes  *Lanes
	floor  journal.Floor
	fed    uint64 // the last sequence the feed brought
	held   int    // events of the feed that count as being in memory
	flying [][]Item
	bury   []Dead
	reads  []reading
	latest map[string]uint64 // the last event of each meeting that was sent in this life
	begin  map[string]uint64 // where a meeting may begin again in this life
}

func newWorld(t *rapid.T) *world {
	w := &world{
		t: t, now: time.Unix(1_700_000_000, 0), stored: map[string]uint64{}, dead: map[uint64]bool{},
		wanted: map[string][]uint64{}, passed: map[string]int{},
	}
	w.config = Config{
		LaneMax:      rapid.IntRange(1, 4).Draw(t, "lane max"),
		LanePatience: time.Duration(rapid.IntRange(1, 200).Draw(t, "patience")) * time.Millisecond,
		Retry: RetryConfig{
			Initial: 10 * time.Millisecond, Max: 100 * time.Millisecond,
			GiveUpAfter: time.Duration(rapid.SampledFrom([]int{0, 300}).Draw(t, "give up")) * time.Millisecond,
		},
	}
	w.most = Limits{Parked: rapid.IntRange(1, 4).Draw(t, "most parked"), Pages: rapid.IntRange(1, 3).Draw(t, "most pages")}
	w.live()
	return w
}

// live begins a life from what is stored.
func (w *world) live() {
	w.lanes = NewLanes(&w.config, w.most, func() float64 { return 0.5 })
	w.floor, w.fed, w.held = journal.Floor{}, w.acked, 0
	w.flying, w.bury, w.reads = nil, nil, nil
	w.latest, w.begin = map[string]uint64{}, maps.Clone(w.stored)
	for _, key := range slices.Sorted(maps.Keys(w.stored)) {
		w.lanes.Restore(key, w.stored[key], w.acked)
	}
}

func (w *world) append() {
	r := record{
		key: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(w.t, "key"), seq: uint64(len(w.log) + 1),
		wanted: rapid.IntRange(0, 5).Draw(w.t, "unwanted") > 0,
	}
	w.log = append(w.log, r)
	if r.wanted {
		w.wanted[r.key] = append(w.wanted[r.key], r.seq)
	}
}

// from returns what is left of the log from seq on.
func (w *world) from(seq uint64) []record {
	return w.log[min(max(seq-1, w.purged), uint64(len(w.log))):]
}

// take lets the feed bring one event.
func (w *world) take() {
	next := w.from(w.fed + 1)
	if len(next) == 0 {
		return
	}
	r := next[0]
	require.Equal(w.t, w.fed+1, r.seq, "an event that the feed has not brought was purged")
	w.fed = r.seq
	position := w.floor.Add(strconv.FormatUint(r.seq, 10))
	if w.lanes.Pass(r.key, r.seq) || !r.wanted || w.dead[r.seq] {
		w.floor.Settle(position)
		return
	}
	w.held++
	w.lanes.Push(item(r, position))
}

func item(r record, position int) Item {
	return Item{Event: pipeline.Event{Key: r.key, Sequence: r.seq, ID: chime.Identity{byte(r.seq)}}, Position: position}
}

func (w *world) send() {
	items := w.lanes.Take(nil, w.now, rapid.IntRange(1, 5).Draw(w.t, "limit"))
	if len(items) > 0 {
		w.flying = append(w.flying, items)
	}
}

// arrived checks that an event which the sink took, or which is a dead letter, has not overtaken another one of its meeting, and
// is no repeat but for what a restart may repeat.
func (w *world) arrived(i *Item) {
	all := w.wanted[i.Key]
	at, ok := slices.BinarySearch(all, i.Sequence)
	require.True(w.t, ok, "not wanted")
	require.LessOrEqual(w.t, at, w.passed[i.Key], "event %d overtook another one of meeting %s", i.Sequence, i.Key)
	require.Greater(w.t, i.Sequence, w.latest[i.Key], "sent twice in one life")
	require.GreaterOrEqual(w.t, i.Sequence, w.begin[i.Key], "repeated although it was stored that it is passed")
	w.latest[i.Key] = i.Sequence
	w.passed[i.Key] = max(w.passed[i.Key], at+1)
}

func (w *world) forget(i *Item) {
	if i.fed() {
		w.floor.Settle(i.Position)
		w.held--
	}
}

func (w *world) settle(answer func() error) {
	k := rapid.IntRange(0, len(w.flying)-1).Draw(w.t, "batch")
	items := w.flying[k]
	w.flying = slices.Delete(w.flying, k, k+1)
	errs := make([]error, len(items))
	for i := range errs {
		errs[i] = answer()
	}
	v := w.lanes.Settle(w.now, items, errs)
	for i := range v.Accepted {
		w.arrived(&v.Accepted[i])
		w.forget(&v.Accepted[i])
	}
	for i := range v.Released {
		w.forget(&v.Released[i])
	}
	w.bury = append(w.bury, v.Dead...)
}

// answer refuses meeting a for most of the time and the others now and then.
func (w *world) answer() error {
	switch n := rapid.IntRange(0, 9).Draw(w.t, "answer"); {
	case n < 4:
		return errRefused
	case n == 4:
		return pipeline.Reject(errRefused)
	}
	return nil
}

// buried stores a dead letter, and reports it unless the process ends in between.
func (w *world) buried() {
	d := w.bury[0]
	w.bury = w.bury[1:]
	w.arrived(&d.Item)
	w.dead[d.Sequence] = true
	if rapid.IntRange(0, 9).Draw(w.t, "crash after burial") == 0 {
		w.live()
		return
	}
	w.forget(&d.Item)
	w.lanes.Buried(d)
}

var (
	errNoRoom  = errors.New("no room")
	errUnknown = errors.New("nobody knows")
)

// store draws whether something is stored; after an unknown outcome it may be.
func (w *world) store(sure bool, f func()) error {
	n := 9
	if !sure {
		n = rapid.IntRange(0, 9).Draw(w.t, "outcome")
	}
	switch n {
	case 0:
		return errNoRoom
	case 1:
		return errUnknown
	case 2:
		f()
		return errUnknown
	}
	f()
	return nil
}

// park does for one lane what the shell does.
func (w *world) park(sure bool) {
	key, next, ok := w.lanes.Overdue()
	if !ok && rapid.Bool().Draw(w.t, "blocked") {
		key, next, ok = w.lanes.Blocking(rapid.Bool().Draw(w.t, "by age"))
	}
	if !ok {
		return
	}
	switch err := w.store(sure, func() { w.stored[key] = next }); {
	case errors.Is(err, errUnknown):
		w.live()
	case err == nil:
		flying, left := w.lanes.Park(key)
		for i := range flying {
			w.floor.Settle(flying[i].Position)
		}
		for i := range left {
			w.forget(&left[i])
		}
	}
}

func (w *world) unpark(sure bool) {
	key, ok := w.lanes.CaughtUp()
	if !ok {
		return
	}
	switch err := w.store(sure, func() { delete(w.stored, key) }); {
	case errors.Is(err, errUnknown):
		w.live()
	case err != nil:
		w.lanes.Stay(key)
	default:
		w.lanes.Unpark(key)
	}
}

func (w *world) progress(sure bool) {
	w.lanes.Review()
	_ = w.lanes.Progress(3, func(key string, next uint64) error {
		require.Contains(w.t, w.stored, key)
		require.Greater(w.t, next, w.stored[key])
		return w.store(sure, func() { w.stored[key] = next })
	})
}

// read begins to read, reads, or brings what was read; other things happen in between.
func (w *world) read(sure bool) {
	if need, ok := w.lanes.Hungry(); ok {
		w.reads = append(w.reads, reading{need: need})
	}
	if len(w.reads) == 0 {
		return
	}
	i := rapid.IntRange(0, len(w.reads)-1).Draw(w.t, "reading")
	r := &w.reads[i]
	if !r.done {
		w.look(r)
		return
	}
	got := *r
	w.reads = slices.Delete(w.reads, i, i+1)
	if !sure && rapid.IntRange(0, 4).Draw(w.t, "unreadable") == 0 {
		w.lanes.Missed(got.need, w.now)
		return
	}
	var items []Item
	last := uint64(0)
	for _, e := range got.got {
		last = e.seq
		if e.wanted && !w.dead[e.seq] {
			items = append(items, item(e, -1))
		}
	}
	w.lanes.Page(got.need, items, last)
}

// look reads a page as long as the server happens to make it.
func (w *world) look(r *reading) {
	size := min(r.need.Limit, rapid.IntRange(1, 3).Draw(w.t, "page"))
	for _, e := range w.from(r.need.From) {
		if e.key == r.need.Key && len(r.got) < size {
			r.got = append(r.got, e)
		}
	}
	r.done = true
}

func (w *world) acknowledge() {
	if mark, ok := w.floor.Rise(); ok {
		seq, err := strconv.ParseUint(mark, 10, 64)
		require.NoError(w.t, err)
		w.acked = seq
	}
}

// purge removes what neither the feed nor a parked lane needs any more.
func (w *world) purge() {
	upTo := w.acked
	for _, next := range w.stored {
		upTo = min(upTo, next-1)
	}
	w.purged = max(w.purged, upTo)
}
