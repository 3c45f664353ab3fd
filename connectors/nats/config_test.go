package nats

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/tlsfiles"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

func TestConfig_Validate(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"defaults and a URL":  {func(*Config) {}, nil},
		"several servers":     {servers("nats://hidden:hidden@a:4222, tls://b"), nil},
		"core":                {func(c *Config) { c.Mode = ModeCore }, nil},
		"no URL":              {servers(""), []string{"url: required"}},
		"another scheme":      {servers("nats://a,http://hidden"), []string{"url: begins with neither"}},
		"no host":             {servers("nats://:4222"), []string{"url: names no host"}},
		"no URL at all":       {servers("nats://hidden:x y/"), []string{"url: not a URL"}},
		"nothing after comma": {servers("nats://a,"), []string{"url: begins with neither"}},
		"another mode":        {func(c *Config) { c.Mode = "x" }, []string{`mode: "x" is neither jetstream nor core`}},
		"a stream in core":    {func(c *Config) { c.Mode, c.Stream = ModeCore, "S" }, []string{"stream: only with mode"}},
		"a bad stream":        {func(c *Config) { c.Stream = "a.b" }, []string{`stream: "a.b" is no name`}},
		"no subject":          {template(""), []string{"subject: an empty token"}},
		"dots together":       {template("a..{key}"), []string{"subject: an empty token"}},
		"a wildcard":          {template("a.>"), []string{"subject: has white space or a wildcard"}},
		"an unknown name":     {template("a.{meeting}"), []string{"subject: {meeting} is none of"}},
		"an open brace":       {template("a.{key"), []string{"subject: a { without its }"}},
		"no timeout":          {func(c *Config) { c.Timeout = 0 }, []string{"timeout: 0s is outside 1ms to 10m0s"}},
		"another format":      {func(c *Config) { c.Format = "xml" }, []string{`format: "xml" is not raw`}},
		"half a certificate":  {func(c *Config) { c.TLS = tlsfiles.Config{Cert: "c"} }, []string{"tls.key: required"}},
		"all at once": {func(c *Config) {
			*c = Config{Mode: "x", Timeout: time.Hour}
		}, []string{"url: ", "mode: ", "subject: ", "timeout: ", "format: "}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig()
			servers("nats://user:hidden@example.com:4222")(&cfg)
			row.change(&cfg)
			require.NotContains(t, fmt.Sprintf("%v %+v", cfg, &cfg), "hidden")
			connectortest.Problems(t, cfg.Validate(), row.want, "hidden")
		})
	}
}

func servers(list string) func(*Config) {
	return func(c *Config) { c.URL = pipeline.NewSecret(list) }
}

func template(text string) func(*Config) { return func(c *Config) { c.Subject = text } }

func TestSubject(t *testing.T) {
	e := pipeline.Event{ID: chime.Identity{15: 7}, Key: "m-1", Kind: "chime:AttendeeJoined", Source: "queue"}
	odd := pipeline.Event{Key: "a b.c*d>e\nä", Kind: "", Source: "x"}
	for text, want := range map[string][2]string{
		"fixed":                       {"fixed", "fixed"},
		"carillon.events.{key}":       {"carillon.events.m-1", "carillon.events.a_b_c_d_e___"},
		"{kind}.{source}.x-{key}":     {"chime:AttendeeJoined.queue.x-m-1", "_.x.x-a_b_c_d_e___"},
		"{id}":                        {"00000000000000000000000000000007", "00000000000000000000000000000000"},
		"a.{key}{key}.{source}-rest.": {"", ""},
	} {
		s, err := parseSubject(text)
		if want[0] == "" {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, want[0], s.of(&e))
		require.Equal(t, want[1], s.of(&odd))
	}
}
