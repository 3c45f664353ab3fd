package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/deliver"
)

const oneOfEach = `
stream: {partitions: 4}
sources:
  all: {type: everything, text: file}
sinks:
  out: {type: file, path: "-", kinds: [a, b]}
`

func TestEnvironmentOverridesTheFile(t *testing.T) {
	c := load(t, oneOfEach,
		"PATH=/bin", "CARILLON_TEST_FAUXQS=http://127.0.0.1:1", "CARILLON_TEST__X=1", "CARILLON_ADMIN_TOKEN=x",
		"CARILLON_STREAM__PARTITIONS=16",
		"CARILLON_ORDER__WINDOW=3s",
		"CARILLON_SHUTDOWN__DRAIN=0",
		"CARILLON_SINKS__OUT__KINDS=[c, '${env:KIND}']", "KIND=d",
		"CARILLON_SINKS__OUT__MAX_IN_FLIGHT=2",
		"CARILLON_SINKS__OUT__START=earliest",
		"CARILLON_SINKS__OUT__FSYNC=true",
		"CARILLON_SOURCES__ALL__NAMES={b: 012, c: true}",
		"CARILLON_SOURCES__ALL__SIZE=2KiB",
		"CARILLON_SOURCES__ALL__NESTED__SIZE=3",
		"CARILLON_SOURCES__ALL__MAYBE__COUNT=4",
	)
	require.Equal(t, 16, c.Stream.Partitions)
	require.Equal(t, 3*time.Second, c.Order.Window)
	require.Zero(t, c.Shutdown.Drain)
	out := c.Sinks[0]
	require.Equal(t, []string{"c", "d"}, out.Deliver.Kinds)
	require.Equal(t, 2, out.Deliver.MaxInFlight)
	require.Equal(t, deliver.StartEarliest, out.Deliver.Start)
	require.Equal(t, &fileConfig{Path: "-", Fsync: true}, out.Config)
	all, ok := c.Sources[0].Config.(*everything)
	require.True(t, ok)
	require.Equal(t, map[string]string{"kept": "yes", "b": "012", "c": "true"}, all.Names)
	require.EqualValues(t, 2048, all.Size)
	require.EqualValues(t, 3, all.Nested.Size)
	require.Equal(t, 4, *all.Maybe.Count)
}

// What is text stays as it stands in the variable, whatever YAML would make of it.
func TestEnvironmentNeedsNoQuotesForText(t *testing.T) {
	for raw, want := range map[string]string{
		"012": "012", "1e3": "1e3", "true": "true", "null": "null", "~": "~", "": "", "2026-01-05": "2026-01-05", "a: b #c": "a: b #c",
		"@x": "@x", "*x": "*x", "!x y": "!x y", "- x": "- x", "  pad ": "  pad ", `"8 "`: "8 ", "'it''s'": "it's", "$${x}": "${x}",
		"line\nline": "line\nline",
	} {
		c := load(t, oneOfEach, "CARILLON_SOURCES__ALL__TEXT="+raw)
		all, ok := c.Sources[0].Config.(*everything)
		require.True(t, ok)
		require.Equal(t, want, all.Text, "%q", raw)
	}
}

func TestEnvironmentMayMakeAComponent(t *testing.T) {
	c := load(t, "sinks:\n", "CARILLON_SINKS__NEW__TYPE=file", "CARILLON_SINKS__NEW__PATH=x", "CARILLON_SINKS__ODD_ONE={type: file, path: y}")
	require.Len(t, c.Sinks, 2)
	require.Equal(t, "new", c.Sinks[0].ID)
	require.Equal(t, "odd_one", c.Sinks[1].ID)
}

func TestEnvironmentReplacesWhatHasAnotherShape(t *testing.T) {
	c := load(t, "sinks: {out: {type: file, path: x, kinds: [1, 2]}}\norder: fast\n",
		"CARILLON_SINKS__OUT__KINDS=[a]", "CARILLON_ORDER__MODE=none")
	require.Equal(t, []string{"a"}, c.Sinks[0].Deliver.Kinds)
	require.EqualValues(t, "none", c.Order.Mode)
}

func TestProblemsOfTheEnvironment(t *testing.T) {
	errs := problems(t, "stream: {replicas: 2}\nsinks: {out: {type: file, path: x, kinds: [a]}}\n",
		"CARILLON_STREM__PARTITIONS=4",
		"CARILLON_ELEPHANT=1",
		"CARILLON_=1",
		"CARILLON_SERVICE_HOST=10.0.0.1",
		"CARILLON_PORT_8080_TCP_ADDR=10.0.0.1",
		"CARILLON_STREAM__PARTITIONS=many",
		"CARILLON_STREAM__RETENTION=1s",
		"CARILLON_STREAM__MAX_BYTES=",
		"CARILLON_HTTP={listen: hunter2, tlss: {}}",
		"CARILLON_HTTP__LISTEN=:1",
		"CARILLON_http=1",
		"CARILLON_ORDER__WINDOW=[1s",
		"CARILLON_ORDER__MODE={a: 1, a: 2}",
		"CARILLON_NATS__URL__=x",
		"CARILLON_SOURCES__QUEUE__WAIT=1s",
		"CARILLON_SINKS__OUT__TYPE=hunter2",
	)
	compare(t, "testdata/environment.golden", errs.Error()+"\n")
	require.NotContains(t, strings.ReplaceAll(errs.Error(), `listen: "hunter2"`, ""), "hunter2")
}
