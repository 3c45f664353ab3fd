package deliver

import (
	"errors"
	"maps"
	"math/rand/v2"
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
	dice   *rand.Rand
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

	asks  int               // so many were asked for in all lives
	asked map[string][]Item // what was asked for of each meeting and not answered

	lanes  *Lanes
	floor  journal.Floor
	fed    uint64 // the last sequence the feed brought
	held   int    // events of the feed that count as being in memory
	flying [][]Item
	bury   []Dead
	reads  []reading
	latest map[string]uint64 // the last event of each meeting that was sent in this life
	done   map[uint64]bool   // dead letters that were accepted in this life
	begin  map[string]uint64 // where a meeting may begin again in this life
}

// dice returns an unbiased source of chance: what rapid draws is mostly small, so that steps with high numbers hardly happened.
func dice(t *rapid.T) *rand.Rand {
	return rand.New(rand.NewChaCha8([32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "dice"))))
}

func newWorld(t *rapid.T) *world {
	w := &world{
		t: t, dice: dice(t), now: time.Unix(1_700_000_000, 0), stored: map[string]uint64{}, dead: map[uint64]bool{},
		wanted: map[string][]uint64{}, passed: map[string]int{},
	}
	w.config = Config{
		OnDead:       rapid.SampledFrom([]OnDead{OnDeadContinue, OnDeadPark}).Draw(t, "on dead"),
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
	w.asked, w.done = map[string][]Item{}, map[uint64]bool{}
	w.latest, w.begin = map[string]uint64{}, maps.Clone(w.stored)
	w.lanes.Begin(w.acked)
	for _, seq := range slices.Sorted(maps.Keys(w.dead)) {
		if !w.dead[seq] {
			continue
		}
		w.lanes.Died(chime.Identity{byte(seq), 1}, w.log[seq-1].key)
	}
	for _, key := range slices.Sorted(maps.Keys(w.stored)) {
		w.lanes.Restore(key, w.stored[key])
	}
}

func (w *world) append() {
	r := record{
		key: []string{"a", "b", "c", "d"}[w.dice.IntN(4)], seq: uint64(len(w.log) + 1),
		wanted: w.dice.IntN(6) > 0,
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
	if w.lanes.Pass(r.key, r.seq) || !r.wanted || w.lanes.Dead(item(r, 0).ID) {
		w.floor.Settle(position)
		return
	}
	w.held++
	w.lanes.Push(item(r, position))
}

func item(r record, position int) Item {
	return Item{Event: pipeline.Event{Key: r.key, Sequence: r.seq, ID: chime.Identity{byte(r.seq), 1}}, Position: position}
}

func (w *world) send() {
	var items []Item
	if w.dice.IntN(5) == 0 {
		items = w.lanes.Probe(w.now)
		require.LessOrEqual(w.t, len(items), 1)
	} else {
		items = w.lanes.Take(nil, w.now, 1+w.dice.IntN(5))
	}
	if len(items) == 0 {
		return
	}
	w.alone(items)
	if w.dice.IntN(10) == 0 {
		w.lanes.Untake(items)
		return
	}
	w.flying = append(w.flying, items)
}

// alone checks that nothing of a meeting is sent beside something else of it, what was asked for included (I5).
func (w *world) alone(items []Item) {
	busy := map[string]bool{}
	for _, batch := range w.flying {
		for i := range batch {
			busy[batch[i].Key] = true
		}
	}
	lane := map[string]bool{}
	for i := range items {
		key, asked := items[i].Key, items[i].Ticket != 0
		require.False(w.t, busy[key], "two at once of meeting %s", key)
		require.False(w.t, asked && lane[key], "asked for, and beside its lane")
		if !asked {
			require.False(w.t, w.config.OnDead == OnDeadPark && w.letters(key) > 0, "sent although the meeting has a dead letter")
		}
		busy[key], lane[key] = asked, true
	}
}

// letters counts the dead letters of a meeting.
func (w *world) letters(key string) (n int) {
	for seq, there := range w.dead {
		if there && w.log[seq-1].key == key {
			n++
		}
	}
	return n
}

// ask asks for a dead letter that nobody asked for yet, or for any event that is history.
func (w *world) ask() {
	if len(w.log) == 0 {
		return
	}
	r := w.log[w.dice.IntN(len(w.log))]
	for _, i := range w.asked[r.key] {
		if i.Sequence == r.seq {
			return
		}
	}
	i := item(r, -1)
	if !w.lanes.Letter(i.ID) && !w.lanes.Passed(r.key, r.seq) {
		return
	}
	if !w.lanes.Letter(i.ID) && r.wanted {
		at, _ := slices.BinarySearch(w.wanted[r.key], r.seq)
		require.Less(w.t, at, w.passed[r.key], "history that was not delivered")
	}
	w.asks++
	i.Ticket = w.asks
	w.lanes.Ask(i)
	w.asked[r.key] = append(w.asked[r.key], i)
}

// withdraw takes back something that was asked for.
func (w *world) withdraw() {
	for _, key := range slices.Sorted(maps.Keys(w.asked)) {
		k := w.dice.IntN(len(w.asked[key]))
		if w.lanes.Withdraw(key, w.asked[key][k].Ticket) {
			w.unasked(key, k)
			return
		}
	}
}

func (w *world) unasked(key string, k int) {
	if w.asked[key] = slices.Delete(w.asked[key], k, k+1); len(w.asked[key]) == 0 {
		delete(w.asked, key)
	}
}

// answered takes what came of something that was asked for: in the order of asking. A dead letter that was accepted is none.
func (w *world) answered(a *Answered) {
	first := w.asked[a.Key][0]
	require.Equal(w.t, first.Ticket, a.Ticket)
	w.unasked(a.Key, 0)
	if a.Err == nil && w.dead[a.Sequence] {
		w.dead[a.Sequence], w.done[a.Sequence] = false, true
		w.lanes.Gone(a.ID)
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
	require.False(w.t, w.done[i.Sequence], "sent again after it was redriven")
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
	k := w.dice.IntN(len(w.flying))
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
	for i := range v.Answered {
		w.answered(&v.Answered[i])
	}
	w.bury = append(w.bury, v.Dead...)
}

// answer refuses meeting a for most of the time and the others now and then.
func (w *world) answer() error {
	switch n := w.dice.IntN(10); {
	case n < 4:
		return errRefused
	case n == 4:
		return pipeline.Reject(errRefused)
	case n == 5:
		return heldError{pipeline.Reject(errRefused)}
	}
	return nil
}

// buried stores a dead letter, and reports it unless the process ends in between.
func (w *world) buried() {
	d := w.bury[0]
	w.bury = w.bury[1:]
	w.arrived(&d.Item)
	w.dead[d.Sequence] = true
	if w.dice.IntN(10) == 0 {
		w.live()
		return
	}
	w.forget(&d.Item)
	left := w.lanes.Buried(d)
	for i := range left {
		w.forget(&left[i])
	}
}

var (
	errNoRoom  = errors.New("no room")
	errUnknown = errors.New("nobody knows")
)

// store draws whether something is stored; after an unknown outcome it may be.
func (w *world) store(sure bool, f func()) error {
	n := 9
	if !sure {
		n = w.dice.IntN(10)
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
	if !ok && w.dice.IntN(2) == 0 {
		key, next, ok = w.lanes.Blocking(w.dice.IntN(2) == 0)
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
		require.GreaterOrEqual(w.t, next, w.stored[key]) // Again after an outcome that nobody knows.
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
	i := w.dice.IntN(len(w.reads))
	r := &w.reads[i]
	if !r.done {
		w.look(r)
		return
	}
	got := *r
	w.reads = slices.Delete(w.reads, i, i+1)
	if !sure && w.dice.IntN(5) == 0 {
		w.lanes.Missed(got.need, w.now)
		return
	}
	var items []Item
	last := uint64(0)
	for _, e := range got.got {
		last = e.seq
		if e.wanted && !w.lanes.Dead(item(e, -1).ID) {
			items = append(items, item(e, -1))
		}
	}
	w.lanes.Page(got.need, items, last)
}

// look reads a page as long as the server happens to make it.
func (w *world) look(r *reading) {
	size := min(r.need.Limit, 1+w.dice.IntN(3))
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
