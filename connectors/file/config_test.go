package file

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/format"
	"carillon/pipeline"
)

func TestConfig_Validate(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"defaults and a path": {func(*Config) {}, nil},
		"everything": {func(c *Config) {
			c.Format, c.Fsync, c.Rotate = format.Raw, "always", RotateConfig{pipeline.GiB, time.Hour, 3}
		}, nil},
		"no path":               {func(c *Config) { c.Path = "" }, []string{"path: required"}},
		"standard output":       {func(c *Config) { c.Path = "-" }, []string{"path: standard output has a sink of its own: type: stdout"}},
		"a folder":              {func(c *Config) { c.Path = "logs/" }, []string{"path: names a folder"}},
		"a zero byte":           {func(c *Config) { c.Path = "a\x00b" }, []string{"path: holds"}},
		"another format":        {func(c *Config) { c.Format = format.CloudEventsBinary }, []string{"format: "}},
		"another fsync":         {func(c *Config) { c.Fsync = "true" }, []string{`fsync: "true" is not always, interval or never`}},
		"a short interval":      {func(c *Config) { c.FsyncInterval = 0 }, []string{"fsync_interval: 0s is outside"}},
		"small files":           {func(c *Config) { c.Rotate.MaxSize = 1 }, []string{"rotate.max_size: 1B is less than 4KiB"}},
		"short spans":           {func(c *Config) { c.Rotate.MaxAge = time.Second }, []string{"rotate.max_age: 1s is less than 1m0s"}},
		"nothing to keep":       {func(c *Config) { c.Rotate.Keep = 1 }, []string{"rotate.keep: needs rotate.max_size or"}},
		"less than nothing":     {func(c *Config) { c.Rotate.Keep = -1 }, []string{"rotate.keep: -1 is outside"}},
		"several at one glance": {func(c *Config) { *c = Config{} }, []string{"path: ", "format: ", "fsync: ", "fsync_interval: "}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.Path = "./events.ndjson"
			row.change(&cfg)
			err := cfg.Validate()
			if row.want == nil {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			found := strings.Split(err.Error(), "\n")
			require.Len(t, found, len(row.want))
			for i, prefix := range row.want {
				require.True(t, strings.HasPrefix(found[i], prefix), found[i])
			}
		})
	}
}
