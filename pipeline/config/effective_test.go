package config_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/config"
)

const withSecrets = `
nats: {url: "nats://user:hunter2@a:4222,nats://${env:USER}:${env:PASS}@b:4222"}
sources:
  all:
    type: everything
    text: ${env:PASS}
    secret: hunter2
    pointer: ${env:PASS}
    names: {a: "2026-01-05", b: "true"}
    maybe: {size: 1KiB}
sinks:
  hook:
    type: webhook
    url: https://user:hunter2@example.com/
    headers: {A: "Bearer hunter2", B: "${env:NONE:-hunter2}", C: "Bearer ${env:PASS}", D: "${env:PASS}"}
`

func TestEffectiveHidesSecretsAndKeepsReferences(t *testing.T) {
	c := load(t, withSecrets, "USER=u", "PASS=hunter2", "CARILLON_STREAM__PARTITIONS=16", "CARILLON_SINKS__HOOK__HEADERS={E: hunter2}")
	require.NotContains(t, string(c.Effective()), "hunter2")
	compare(t, "testdata/effective.golden", string(c.Effective()))
}

func TestEffectiveLoadsAgain(t *testing.T) {
	c := load(t, `
order: {window: 90s}
sources:
  all: {type: everything, secret: "${env:S}", names: {a: "${env:S}", b: "$${env:S}"}, numbers: [3], nested: {count: 3}, float: 2}
  topic: {type: sns, topic_arns: ["arn:1"]}
sinks:
  out: {type: file, path: "-", kinds: ["a*"], retry: {give_up_after: 0}}
`, "S=hunter2", "CARILLON_LOG__LEVEL=debug")
	again := load(t, string(c.Effective()), "S=hunter2")
	require.Equal(t, c, again)
}

func TestConfigThatWasNotLoadedHasNothingEffective(t *testing.T) {
	require.Nil(t, new(config.Config).Effective())
}

func TestErrorsAsJSON(t *testing.T) {
	errs := problems(t, "strem: {}\nstream: {partitions: x}\n", "CARILLON_ORDER__WINDOW=x")
	text, err := json.Marshal(errs)
	require.NoError(t, err)
	require.JSONEq(t, `[
		{"file": "test.yaml", "line": 1, "column": 1, "path": "strem", "message": "unknown key; did you mean \"stream\"?"},
		{"file": "test.yaml", "line": 2, "column": 22, "path": "stream.partitions", "message": "want a whole number, got \"x\""},
		{"file": "environment CARILLON_ORDER__WINDOW", "path": "order.window", "message": "want a duration such as 2s, got text"}
	]`, string(text))
}
