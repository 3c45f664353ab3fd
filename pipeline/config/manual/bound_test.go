package manual

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

type mode string

// fake has numbers with every kind of range.
type fake struct {
	Mode     mode          `koanf:"mode"`
	Plain    int           `koanf:"plain"`
	Gaps     int           `koanf:"gaps"`
	Free     int           `koanf:"free"`
	Least    int           `koanf:"least"`
	Never    time.Duration `koanf:"never"`
	Whole    time.Duration `koanf:"seconds"`
	Watched  time.Duration `koanf:"watched"`
	Size     pipeline.Size `koanf:"size"`
	Share    float64       `koanf:"share"`
	Inclined float64       `koanf:"inclined"`
}

func (c *fake) Validate() error {
	var errs []error
	refuse := func(key string, bad bool) {
		if bad {
			errs = append(errs, fmt.Errorf("%s: no", key))
		}
	}
	refuse("mode", c.Mode != "on" && c.Mode != "off")
	refuse("plain", c.Plain < 3 || c.Plain > 4096)
	refuse("gaps", c.Gaps != 1 && c.Gaps != 3 && c.Gaps != 5)
	refuse("least", c.Least < c.Plain)
	refuse("never", c.Never != 0 && c.Never < time.Minute)
	refuse("seconds", c.Whole < 0 || c.Whole > 20*time.Second || c.Whole%time.Second != 0)
	refuse("watched", c.Mode == "on" && (c.Watched < time.Millisecond || c.Watched > time.Hour))
	refuse("size", c.Size < 4*pipeline.KiB || c.Size > 256*pipeline.MiB)
	refuse("share", c.Share <= 0 || c.Share >= 1)
	refuse("inclined", c.Inclined < 0.25 || c.Inclined > 2)
	return errors.Join(errs...)
}

func TestBound(t *testing.T) {
	fresh := func() pipeline.Config {
		return &fake{
			Mode: "off", Plain: 8, Gaps: 1, Least: 100, Whole: 20 * time.Second, Watched: time.Second, Size: 1e6, Share: 0.5, Inclined: 1,
		}
	}
	p := newProbe(fresh, func(reflect.Type) []string { return []string{"off", "on"} })
	for name, want := range map[string]string{
		"plain": "whole number, 3 to 4096", "gaps": "`1`, `3` or `5`", "free": "whole number", "least": "whole number, 3 or more",
		"never": "duration, 1m or more, or 0", "seconds": "duration, 0s to 20s", "watched": "duration, 1ms to 1h",
		"size": "size, 4KiB to 256MiB", "share": "number, above 0 and below 1", "inclined": "number, 0.25 to 2",
	} {
		typ := reflect.TypeFor[fake]()
		for i := range typ.NumField() {
			if typ.Field(i).Tag.Get("koanf") != name {
				continue
			}
			kind, err := kindOf(typ.Field(i).Type)
			require.NoError(t, err)
			k := &Key{Name: name, Path: name, Kind: kind}
			p.bound(k, []int{i})
			require.Equal(t, want, k.value(), name)
		}
	}
}

func TestDefaultsInCommentsAreRight(t *testing.T) {
	for _, c := range []struct {
		doc  string
		of   any
		want string
	}{
		{"`a` is a. Default 5.", 5, "`a` is a."},
		{"`a` is a. Default 90s. It is.", 90 * time.Second, "`a` is a. It is."},
		{"`a` is a. Default 1MB.", pipeline.Size(1e6), "`a` is a."},
		{"`a` is a. Default 0: all.", 0, "`a` is a. Default 0: all."},
	} {
		k := &Key{Path: "a", Doc: c.doc, Default: c.of}
		require.NoError(t, k.agree(reflect.ValueOf(c.of)))
		require.Equal(t, c.want, k.Doc)
	}
	k := &Key{Path: "a", Doc: "`a` is a. Default 5.", Default: 6}
	require.EqualError(t, k.agree(reflect.ValueOf(6)), "describing a: its comment says that the default is 5, and it is 6")
}
