package dedupe_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/dedupe"
)

const grace = 10 * time.Second

// desk is a ledger of three sources and one meeting.
type desk struct {
	t      *testing.T
	ledger dedupe.Ledger
	memory dedupe.Memory
	raw    uint64
	now    time.Time
}

func newDesk(t *testing.T, tolerance time.Duration) *desk {
	t.Helper()
	return &desk{t: t, now: begin, ledger: dedupe.NewLedger(dedupe.Settings{
		Sources: []dedupe.Source{{ID: "queue", Group: "all"}, {ID: "topic", Group: "all"}, {ID: "bus", Group: "all"}},
		Grace:   grace, Watched: 1000, Tolerance: tolerance,
	})}
}

// bring judges a record about what happened so many milliseconds after the beginning.
func (d *desk) bring(source string, ms int64, body string) dedupe.Judgement {
	d.raw++
	e := &pipeline.Event{
		ID: chime.Identity{byte(ms >> 8), byte(ms)}, Loose: 5, Raw: d.raw, Source: source, Received: d.now,
		Time: begin.Add(time.Duration(ms) * time.Millisecond), Body: []byte(body),
	}
	j := d.ledger.See(&d.memory, e)
	if j.Verdict == dedupe.New {
		d.ledger.Watch(&d.memory, d.now, e)
	}
	return j
}

func (d *desk) pass(by time.Duration) dedupe.Findings {
	d.now = d.now.Add(by)
	return d.ledger.Due(d.now)
}

// TestSplitIsSuspected brings each event over some paths at one time and over the others a little later, and expects one
// suspicion for each pair; none when a copy comes after all, when it is too far off, or when the halves came too far apart.
func TestSplitIsSuspected(t *testing.T) {
	for name, c := range map[string]struct {
		second time.Duration
		ms     int64
		also   string
		want   int
	}{
		"split":        {ms: 30, want: 1},
		"later":        {ms: 30, second: grace, want: 1},
		"much later":   {ms: 30, second: 3 * grace},
		"at the limit": {ms: 2000, want: 1},
		"beyond it":    {ms: 2001},
		"not missing":  {ms: 30, also: "bus"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, 0)
			require.Equal(t, dedupe.New, d.bring("queue", 0, "").Verdict)
			splits := 0
			for range 3 {
				splits += d.pass(c.second / 3).Splits
			}
			require.Equal(t, dedupe.New, d.bring("bus", c.ms, "").Verdict)
			d.bring("topic", c.ms, "")
			if c.also != "" {
				d.bring(c.also, 0, "")
			}
			splits += d.pass(grace).Splits + d.pass(grace).Splits + d.pass(10*grace).Splits
			require.Equal(t, c.want, splits)
		})
	}
}

// TestToleranceMendsASplit expects one event of two times, and none to be suspected or missed.
func TestToleranceMendsASplit(t *testing.T) {
	d := newDesk(t, 30*time.Millisecond)
	require.Equal(t, dedupe.Judgement{Verdict: dedupe.New}, d.bring("queue", 100, ""))
	d.now = d.now.Add(time.Second)
	want := dedupe.Judgement{Verdict: dedupe.Witness, Tolerated: true, HasLead: true, First: "queue", Lead: time.Second}
	require.Equal(t, want, d.bring("bus", 130, ""))
	require.Equal(t, want, d.bring("topic", 70, ""))
	require.Equal(t, dedupe.Judgement{Verdict: dedupe.Witness, Tolerated: true}, d.bring("topic", 70, ""))
	require.Equal(t, dedupe.Findings{Judged: 1}, d.pass(grace))
	require.Equal(t, dedupe.New, d.bring("queue", 101, "").Verdict, "the source that brought the first one first")
	require.Equal(t, dedupe.New, d.bring("bus", 132, "").Verdict)
}

// TestDisagreementsAreNamed compares copies with the first one for as long as that is watched.
func TestDisagreementsAreNamed(t *testing.T) {
	form := `{"id":"%d","detail":{"eventType":"chime:AttendeeJoined","mediaRegion":%q,"networkType":"Voip","new":%d}}`
	d := newDesk(t, 0)
	d.bring("queue", 1, fmt.Sprintf(form, 1, "eu-west-1", 1))
	require.Nil(t, d.bring("topic", 1, fmt.Sprintf(form, 2, "eu-west-1", 1)).Differs)
	require.Equal(t, []string{"mediaRegion"}, d.bring("bus", 1, fmt.Sprintf(form, 3, "eu-west-2", 1)).Differs)
	require.Equal(t, []string{"mediaRegion", "other"}, d.bring("bus", 1, fmt.Sprintf(form, 4, "", 2)).Differs)
	require.Nil(t, d.bring("bus", 1, "no JSON").Differs)
	d.pass(grace)
	require.Nil(t, d.bring("bus", 1, fmt.Sprintf(form, 5, "eu-west-2", 1)).Differs)
}

// TestOnlySoManyAreCompared expects a sample of a burst to be compared, and room for the next one after the grace.
func TestOnlySoManyAreCompared(t *testing.T) {
	d := newDesk(t, 0)
	burst := func(from int64) (compared int) {
		for i := range int64(900) {
			d.bring("queue", from+i, `{"detail":{"message":"a"}}`)
			if d.bring("bus", from+i, `{"detail":{"message":"b"}}`).Differs != nil {
				compared++
			}
		}
		return compared
	}
	require.Equal(t, 512, burst(0))
	d.pass(grace)
	require.Equal(t, 512, burst(10_000))
}

// TestArrivals expects the sources of an event in the order in which they came, with about the right times.
func TestArrivals(t *testing.T) {
	d := newDesk(t, 0)
	e := &pipeline.Event{ID: chime.Identity{0, 1}}
	require.Nil(t, d.ledger.Arrivals(&d.memory, e))
	d.bring("bus", 1, "")
	for _, source := range []string{"bus", "stranger", "queue", "bus"} {
		d.now = d.now.Add(1500 * time.Millisecond)
		d.bring(source, 1, "")
	}
	var sources []string
	delays := []time.Duration{0, 3 * time.Second, 4500 * time.Millisecond}
	for i, a := range d.ledger.Arrivals(&d.memory, e) {
		sources = append(sources, a.Source)
		require.WithinDuration(t, begin.Add(delays[i]), a.At, 150*time.Millisecond)
	}
	require.Equal(t, []string{"bus", "", "queue"}, sources)
}

// TestMoreSourcesThanCanBeToldApart expects the first ones to be judged and none to be taken for another.
func TestMoreSourcesThanCanBeToldApart(t *testing.T) {
	var sources []dedupe.Source
	for i := range 70 {
		sources = append(sources, dedupe.Source{ID: fmt.Sprint("source", i), Group: "all"})
	}
	l := dedupe.NewLedger(dedupe.Settings{Sources: sources, Grace: grace, Watched: 10})
	var m dedupe.Memory
	e := &pipeline.Event{Loose: 1, Raw: 1, Source: "source3", Time: begin, Received: begin}
	l.See(&m, e)
	l.Watch(&m, begin, e)
	for i := range 70 {
		again := *e
		again.Raw, again.Source = uint64(i+2), fmt.Sprint("source", i)
		l.See(&m, &again)
	}
	f := l.Due(begin.Add(grace))
	require.Equal(t, dedupe.Findings{Judged: 1}, f)
	require.Len(t, l.Arrivals(&m, e), 5)
}

// TestZeroLedger knows no source and judges copies all the same.
func TestZeroLedger(t *testing.T) {
	var l dedupe.Ledger
	var m dedupe.Memory
	e := &pipeline.Event{Raw: 1, Source: "queue"}
	require.Equal(t, dedupe.Judgement{Verdict: dedupe.New}, l.See(&m, e))
	l.Watch(&m, begin, e)
	require.Equal(t, dedupe.Judgement{Verdict: dedupe.Reread}, l.See(&m, e))
	require.Equal(t, dedupe.Findings{Unjudged: 1}, l.Due(begin))
}

// TestConfig expects each impossible value to be named by its key.
func TestConfig(t *testing.T) {
	c, s := dedupe.DefaultConfig(), dedupe.DefaultSource()
	require.NoError(t, c.Validate())
	require.NoError(t, s.Validate())
	for _, d := range []time.Duration{-1, time.Microsecond, 11 * time.Second} {
		c.TimeTolerance = d
		require.ErrorContains(t, c.Validate(), "time_tolerance: "+d.String())
	}
	for _, g := range []string{"", "A", "1", "a b"} {
		s.Group = g
		require.ErrorContains(t, s.Validate(), "group: ")
	}
}
