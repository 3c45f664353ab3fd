package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/config"
	"carillon/pipeline/deliver"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/router"
	"carillon/pipeline/telemetry"
)

func load(t *testing.T, yaml string, env ...string) *config.Config {
	t.Helper()
	c, err := config.LoadBytes("test.yaml", []byte(yaml), factories(), env)
	require.NoError(t, err)
	return c
}

func problems(t *testing.T, yaml string, env ...string) config.Errors {
	t.Helper()
	c, err := config.LoadBytes("test.yaml", []byte(yaml), factories(), env)
	require.Nil(t, c)
	var errs config.Errors
	require.ErrorAs(t, err, &errs)
	require.NotEmpty(t, errs)
	return errs
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "carillon.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`
nats: {embedded: {dir: ./carillon-data, sync: always}}
http: {listen: "127.0.0.1:8080"}
sources:
  bus: {type: eventbridge, auth: {api_key: {header: x-api-key, value: quickstart}}}
  topic: {type: sns, topic_arns: ["arn:aws:sns:us-east-1:111122223333:chime"]}
sinks:
  out: {type: file, path: "-", start: earliest}
`), 0o600))
	c, err := config.Load(path, factories(), nil)
	require.NoError(t, err)
	require.Equal(t, "./carillon-data", c.NATS.Embedded.Dir)
	require.Equal(t, journal.SyncAlways, c.NATS.Embedded.Sync)
	require.Equal(t, "127.0.0.1:8080", c.HTTP.Listen)
	require.Equal(t, order.DefaultConfig(), c.Order)
	require.Len(t, c.Sources, 2)
	bus, ok := c.Sources[0].Config.(*eventbridgeConfig)
	require.True(t, ok)
	require.Equal(t, "quickstart", bus.Auth.APIKey.Value.Reveal())
	require.Equal(t, "x-api-key", bus.Auth.APIKey.Header)
	require.Len(t, c.Sinks, 1)
	require.Equal(t, &fileConfig{Path: "-"}, c.Sinks[0].Config)
	require.Equal(t, deliver.StartEarliest, c.Sinks[0].Deliver.Start)
}

func TestWhatIsLeftOutHasItsDefault(t *testing.T) {
	c := load(t, "stream: {partitions: 4}\nhttp:\n")
	stream := journal.DefaultStream()
	stream.Partitions = 4
	require.Equal(t, stream, c.Stream)
	require.Equal(t, journal.DefaultConnect(), c.NATS)
	require.Equal(t, router.DefaultHTTP(), c.HTTP)
	require.Equal(t, router.DefaultAdmin(), c.Admin)
	require.Equal(t, router.DefaultShutdown(), c.Shutdown)
	require.Equal(t, order.DefaultConfig(), c.Order)
	require.Equal(t, telemetry.DefaultLog(), c.Log)
	require.Empty(t, c.Sources)
	require.Empty(t, c.Sinks)
}

func TestComponentsAreSortedById(t *testing.T) {
	c := load(t, `
sinks: {zeta: {type: file, path: a}, alpha: {type: file, path: b}, mid-2: {type: webhook, url: "http://h"}}
`)
	require.Len(t, c.Sinks, 3)
	for i, id := range []string{"alpha", "mid-2", "zeta"} {
		require.Equal(t, id, c.Sinks[i].ID)
	}
	require.Equal(t, "webhook", c.Sinks[1].Type)
}

func TestSinkSharesItsKeysWithDeliver(t *testing.T) {
	c := load(t, `
sinks:
  hook:
    type: webhook
    url: https://example.com/
    kinds: ["chime:Attendee*"]
    max_in_flight: 3
    retry: {max: 5s}
    headers: {X-Token.v1: "abc"}
`)
	want := deliver.DefaultConfig()
	want.Kinds, want.MaxInFlight, want.Retry.Max = []string{"chime:Attendee*"}, 3, 5*time.Second
	require.Equal(t, want, c.Sinks[0].Deliver)
	hook, ok := c.Sinks[0].Config.(*webhookConfig)
	require.True(t, ok)
	require.Equal(t, 10*time.Second, hook.Timeout)
	require.Equal(t, "abc", hook.Headers["X-Token.v1"].Reveal())
}

func TestEveryKindOfField(t *testing.T) {
	c := load(t, `
sources:
  all:
    type: everything
    flag: true
    int: -128
    uint: 0x10
    float: 2
    duration: 0
    size: 1024
    secret: &secret s1
    pointer: *secret
    names: {a: 2026-01-05, "1": x}
    numbers: []
    nested: {count: 7}
    maybe: {size: 1KB}
`)
	got, ok := c.Sources[0].Config.(*everything)
	require.True(t, ok)
	secret, seven := pipeline.NewSecret("s1"), 7
	require.Equal(t, &everything{
		Text: "${default}", Flag: true, Int: -128, Uint: 16, Float: 2, Size: pipeline.KiB, Secret: secret, Pointer: &secret,
		Names: map[string]string{"kept": "yes", "a": "2026-01-05", "1": "x"}, Numbers: []int{},
		Nested: nested{Size: 2, Count: &seven}, Maybe: &nested{Size: 1000},
	}, got)
}

func TestDefaultsSurviveTheMerge(t *testing.T) {
	c := load(t, "sources: {all: {type: everything, nested: , maybe: , pointer: }}")
	require.Equal(t, defaultEverything(), c.Sources[0].Config)
}

func TestFileThatIsNotThere(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "none.yaml"), factories(), nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "reading configuration")
}

func TestSourceAndSinkMayShareAnID(t *testing.T) {
	c := load(t, `
sources: {x: {type: sns, topic_arns: ["arn:a"]}}
sinks: {x: {type: file, path: "-"}}
`)
	require.Equal(t, c.Sources[0].ID, c.Sinks[0].ID)
}

func TestWrittenIsTheOrderOfTheFile(t *testing.T) {
	c := load(t, `
sinks: {zeta: {type: file, path: a}, alpha: {type: file, path: b}, mid: {type: file, path: c}}
sources: {topic: {type: sns, topic_arns: ["arn:1"]}}
`, "CARILLON_SINKS__BETA={type: file, path: d}")
	require.Equal(t, []string{"zeta", "alpha", "mid", "beta"}, c.Written("sinks"))
	require.Equal(t, []string{"topic"}, c.Written("sources"))
}
