package journal

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/chime"
)

func TestDeadLetterHasOnePlace(t *testing.T) {
	j := open(t)
	d := DeadLetter{Event: *event(0, 1, 10), Sink: "hook", Reason: "410 Gone", Attempts: 1}
	d.Sequence = 77
	require.NoError(t, j.AppendDead(bounded(t), d))
	d.Attempts = 2
	require.NoError(t, j.AppendDead(bounded(t), d), "a crash between dead letter and acknowledgement")
	other := d
	other.Event = *event(0, 2, 10)
	require.NoError(t, j.AppendDead(bounded(t), other))
	d.Sink = "file"
	require.NoError(t, j.AppendDead(bounded(t), d))

	all := stored(t, j, PlaceDead)
	require.Len(t, all, 3)
	require.Equal(t, "2", all[0].Header.Get(HeaderAttempts))
	require.Equal(t, "77", all[0].Header.Get(HeaderSequence))
	require.Equal(t, "hook", all[0].Header.Get(HeaderSink))
	require.Equal(t, "410 Gone", all[0].Header.Get(HeaderReason))
	e, err := all[0].Event()
	require.NoError(t, err)
	want := *event(0, 1, 10)
	want.Sequence = all[0].Sequence
	require.Equal(t, want, e, "a redrive has all it needs")
}

func TestDeadIn(t *testing.T) {
	j := open(t, maxBytes(256<<20))
	ids, err := j.DeadIn(bounded(t), "hook", 0, 10)
	require.NoError(t, err)
	require.Empty(t, ids)
	want := map[chime.Identity]string{}
	for n := range 30 {
		e := *event(0, n, 10)
		want[e.ID] = e.Key
		require.NoError(t, j.AppendDead(bounded(t), DeadLetter{Event: e, Sink: "hook"}))
		require.NoError(t, j.AppendDead(bounded(t), DeadLetter{Event: *event(0, 100+n, 10), Sink: "hook-2"}))
	}
	ids, err = j.DeadIn(bounded(t), "hook", 0, 1000)
	require.NoError(t, err)
	require.Equal(t, want, ids)
	ids, err = j.DeadIn(bounded(t), "hook", 0, 7)
	require.NoError(t, err)
	require.Len(t, ids, 7)
	ids, err = j.DeadIn(bounded(t), "hook", 1, 1000)
	require.NoError(t, err)
	require.Empty(t, ids, "another partition")
	require.NoError(t, j.AppendRaw(bounded(t), raws(j, 0, 0, 1, 10)))
}

func TestDeadLetterTooLargeIsRefused(t *testing.T) {
	j := open(t)
	require.ErrorIs(t, j.AppendDead(bounded(t), DeadLetter{Event: *event(0, 1, maxPayload), Sink: "hook"}), ErrRefused)
	require.NoError(t, j.AppendDead(bounded(t), DeadLetter{Event: *event(0, 1, j.MaxBody()), Sink: "hook"}), "what RAW takes DEAD takes")
}

func TestCleanFitsAHeader(t *testing.T) {
	require.Equal(t, "a?b", clean("a\nb"))
	require.Len(t, clean(strings.Repeat("x", 500)), 200)
	require.Empty(t, clean(""))
}

func letters(t *testing.T, j *Journal, sink, key string, from uint64) (all []DeadLetter) {
	t.Helper()
	require.NoError(t, j.Dead(bounded(t), sink, key, from, func(d DeadLetter) error {
		all = append(all, d)
		return nil
	}))
	return all
}

// TestDeadLettersAreRead lists, reads and drops them.
func TestDeadLettersAreRead(t *testing.T) {
	j := open(t)
	want := DeadLetter{
		Event: *event(1, 7, 10), Sink: "hook", Reason: "410 Gone", Excerpt: "gone for\ngood \"\u00e9\"", Attempts: 3,
		Died: time.UnixMilli(1234).UTC(), Stripped: true,
	}
	want.Sequence = 77
	require.NoError(t, j.AppendDead(bounded(t), want))
	other := want
	other.Sink = "file"
	require.NoError(t, j.AppendDead(bounded(t), other))
	require.NoError(t, j.Quarantine(bounded(t), Quarantined{Source: "x"}))
	want.Place = 1
	require.Equal(t, []DeadLetter{want}, letters(t, j, "hook", "", 0))
	require.Equal(t, []DeadLetter{want}, letters(t, j, "hook", want.Key, 0))
	require.Empty(t, letters(t, j, "hook", key(2, 0), 0))
	require.Len(t, letters(t, j, "", "", 0), 2)
	require.Len(t, letters(t, j, "", "", 2), 1)
	got, ok, err := j.DeadOf(bounded(t), "hook", want.Key, want.ID)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, want, got)
	_, ok, err = j.DeadOf(bounded(t), "hook", want.Key, identity(8))
	require.NoError(t, err)
	require.False(t, ok)
	for range 2 {
		require.NoError(t, j.DropDead(bounded(t), want.Place))
	}
	_, ok, err = j.DeadAt(bounded(t), want.Place)
	require.NoError(t, err)
	require.False(t, ok)
	require.Len(t, letters(t, j, "", "", 0), 1)
}

// TestExcerptSurvives stores any answer in a header and reads it back, as far as it is kept.
func TestExcerptSurvives(t *testing.T) {
	j := open(t)
	rapid.Check(t, func(t *rapid.T) {
		d := DeadLetter{Event: *event(0, 1, 1), Sink: "hook", Excerpt: rapid.StringN(0, 20, -1).Draw(t, "excerpt")}
		if rapid.Bool().Draw(t, "long") {
			d.Excerpt += strings.Repeat("x", 2*maxExcerpt)
		}
		require.NoError(t, j.AppendDead(t.Context(), d))
		got, ok, err := j.DeadOf(t.Context(), "hook", d.Key, d.ID)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, d.Excerpt[:min(len(d.Excerpt), maxExcerpt)], got.Excerpt)
	})
}
