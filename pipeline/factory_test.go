package pipeline_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

type bell struct{ Note string }

func (*bell) Validate() error { return nil }

type gong struct{}

func (*gong) Validate() error { return nil }

func newBell() bell { return bell{Note: "A"} }

func TestFactories_BuildWithACopyOfTheirOwnConfig(t *testing.T) {
	var got bell
	errBuilt := errors.New("built")
	sink := pipeline.NewSinkFactory("bell", newBell, func(c bell, set pipeline.Settings) (pipeline.Sink, error) {
		require.Equal(t, "low", set.ID)
		got = c
		return nil, errBuilt
	})
	source := pipeline.NewSourceFactory("bell", newBell, func(c bell, set pipeline.Settings) (pipeline.Source, error) {
		require.Equal(t, "low", set.ID)
		got = c
		return nil, errBuilt
	})
	set := pipeline.Settings{ID: "low"}
	for name, f := range map[string]struct {
		typ    string
		config func() pipeline.Config
		build  func(pipeline.Config) error
	}{
		"sink":   {sink.Type, sink.Config, func(c pipeline.Config) error { _, err := sink.New(c, set); return err }},
		"source": {source.Type, source.Config, func(c pipeline.Config) error { _, err := source.New(c, set); return err }},
	} {
		require.Equal(t, "bell", f.typ, name)
		one, another := f.config(), f.config()
		require.Equal(t, &bell{Note: "A"}, one, name)
		require.NotSame(t, one, another, name)
		require.ErrorIs(t, f.build(&bell{Note: "C"}), errBuilt, name)
		require.Equal(t, bell{Note: "C"}, got, name)
	}
}

func TestFactories_RefuseTheConfigOfAnother(t *testing.T) {
	sink := pipeline.NewSinkFactory("bell", newBell, func(bell, pipeline.Settings) (pipeline.Sink, error) { return nil, nil })
	source := pipeline.NewSourceFactory("bell", newBell, func(bell, pipeline.Settings) (pipeline.Source, error) { return nil, nil })
	for _, other := range []struct {
		config pipeline.Config
		name   string
	}{{&gong{}, "*pipeline_test.gong"}, {nil, "<nil>"}} {
		_, err := sink.New(other.config, pipeline.Settings{ID: "low"})
		require.EqualError(t, err, `building bell sink "low": got a `+other.name+` for its configuration`)
		_, err = source.New(other.config, pipeline.Settings{ID: "low"})
		require.EqualError(t, err, `building source "low": configuration is `+other.name)
	}
}
