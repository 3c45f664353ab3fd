package journal

import (
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

func TestPartitionsAreFixed(t *testing.T) {
	s := newSetup(t)
	require.NoError(t, s.open(t).Close())

	other := s.again()
	other.stream.Partitions = 8
	_, err := Open(t.Context(), other.connect, other.stream, other.set)
	require.ErrorContains(t, err, "was made with 4 partitions and the configuration says stream.partitions: 8")
	require.ErrorContains(t, err, "set it back, or use another stream.prefix")

	other = other.again()
	other.stream.Prefix = "other"
	require.Equal(t, 8, other.open(t).Partitions(), "another prefix is another set of streams")
}

func TestForeignStreamIsRefused(t *testing.T) {
	s := newSetup(t)
	j := s.open(t)
	_, err := j.js.CreateStream(bounded(t), jetstream.StreamConfig{Name: "OTHER_RAW", Subjects: []string{"other.raw.*"}})
	require.NoError(t, err)
	require.NoError(t, j.Close())

	s = s.again()
	s.stream.Prefix = "other"
	_, err = Open(t.Context(), s.connect, s.stream, s.set)
	require.ErrorContains(t, err, "no known number of partitions")
}

func TestLimitsMayChange(t *testing.T) {
	s := newSetup(t)
	first := s.open(t)
	require.NoError(t, first.AppendRaw(bounded(t), raws(first, 0, 1, 50, 10_000)))
	require.NoError(t, first.Close())

	s = s.again()
	s.stream.MaxBytes = 3 * 128 * pipeline.KiB // RAW gets less than what is there.
	second := s.open(t)
	info, err := second.streams[second.names.raw()].Info(bounded(t))
	require.NoError(t, err)
	require.EqualValues(t, 128*pipeline.KiB, info.Config.MaxBytes)
	require.EqualValues(t, 50, info.State.Msgs, "a lower limit removes nothing")
	require.ErrorIs(t, second.AppendRaw(bounded(t), raws(second, 0, 51, 1, 8)), ErrFull)
	require.NoError(t, second.Close())

	s = s.again()
	s.stream.MaxBytes = 64 * pipeline.MiB
	third := s.open(t)
	require.NoError(t, third.AppendRaw(bounded(t), raws(third, 0, 51, 1, 8)))
	require.Equal(t, count(1, 51), numbers(t, stored(t, third, PlaceRaw)))
}

func TestEveryStreamRefusesWhatDoesNotFit(t *testing.T) {
	j := open(t)
	sum := pipeline.Size(0)
	for name, s := range j.streams {
		c := s.CachedInfo().Config
		require.Equal(t, jetstream.DiscardNew, c.Discard, name)
		require.Equal(t, jetstream.LimitsPolicy, c.Retention, name)
		require.Zero(t, c.MaxAge, name)
		require.Positive(t, c.MaxBytes, name)
		sum += pipeline.Size(c.MaxBytes)
	}
	require.Len(t, j.streams, 6)
	require.Equal(t, TotalBytes(j.stream), sum)
}
