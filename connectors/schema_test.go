package connectors_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"carillon/connectors"
	"carillon/pipeline/config"
)

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile("../configs/schema.json")
	require.NoError(t, err)
	return schema
}

// plainYAML reads YAML as an editor does, which then looks at it as JSON.
func plainYAML(text []byte) (any, error) {
	var tree any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	asJSON, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(strings.NewReader(string(asJSON)))
}

// right returns configurations that load, by name.
func right(t *testing.T) map[string]string {
	t.Helper()
	out := examples(t)
	for _, name := range configurations(t) {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		out[name] = strings.ReplaceAll(string(text), "${file:/run/secrets/", "${env:EVENTBRIDGE_KEY:-")
	}
	return out
}

func TestSchema_TakesWhatIsRight(t *testing.T) {
	schema := compileSchema(t)
	for name, text := range right(t) {
		tree, err := plainYAML([]byte(text))
		require.NoError(t, err, name)
		require.NoError(t, schema.Validate(tree), name)
	}
}

// TestSchema_TakesEveryForm: what an editor underlines although it works is worse than no schema.
func TestSchema_TakesEveryForm(t *testing.T) {
	const text = `
http: {max_in_flight: "${env:N:-7}"}
stream: {max_bytes: 17000000, retention: "${env:RETENTION:-96h}", raw_keep: 0, replicas: 3, prefix: "${env:PREFIX:-chime}-2"}
nats: {url: "nats://a:4222"}
order: {window: 1m30.5s, mode: "${env:MODE:-time}"}
sources:
sinks:
  a: {type: stdout, start: 2026-01-05T10:00:00Z, guard: {last: 0, share: 0.01}, retry: {give_up_after: 0s}, lane_max: "${env:N:-7}"}
  b: {type: file, path: b, rotate: {max_size: 1.5 GiB, keep: 0x10}, fsync: "${env:SYNC:-never}"}
  c: {type: kafka, brokers: ["a:1"], topic: t, secure: "${env:TLS:-true}", sasl: , tls: {}}
  d: {type: webhook, url: "http://h", headers: {A: b}}
`
	_, err := config.LoadBytes("test.yaml", []byte(text), connectors.All(connectors.Options{}), nil)
	require.NoError(t, err)
	tree, err := plainYAML([]byte(text))
	require.NoError(t, err)
	require.NoError(t, compileSchema(t).Validate(tree))
}

// TestSchema_RefusesWhatIsWrong: misspelt keys, wrong types and wrong words, at every level.
func TestSchema_RefusesWhatIsWrong(t *testing.T) {
	schema := compileSchema(t)
	for name, text := range map[string]string{
		"key of the file":        "strem: {}",
		"key of a section":       "stream: {partition: 8}",
		"key of a subsection":    "nats: {embedded: {path: x}}",
		"key of a source":        "sources: {a: {type: sqs, queue_urll: x}}",
		"key of a sink":          "sinks: {a: {type: file, paht: x}}",
		"key of another sink":    "sinks: {a: {type: file, path: x, brokers: []}}",
		"key that sinks share":   "sinks: {a: {type: stdout, retry: {giveup: 1s}}}",
		"key of sinks":           "sources: {a: {type: sqs, retry: {}}}",
		"type missing":           "sinks: {a: {path: x}}",
		"type unknown":           "sinks: {a: {type: fil}}",
		"type of the other role": "sources: {a: {type: file}}",
		"id":                     "sinks: {A: {type: stdout}}",
		"text is a number":       "stream: {prefix: 5}",
		"number is text":         "stream: {partitions: many}",
		"number has a fraction":  "stream: {partitions: 1.5}",
		"number in quotes":       `stream: {partitions: "8"}`,
		"number too large":       "stream: {partitions: 257}",
		"number between":         "stream: {replicas: 2}",
		"share too large":        "sinks: {a: {type: stdout, guard: {share: 1}}}",
		"boolean is text":        "sinks: {a: {type: kafka, secure: maybe}}",
		"duration lacks a unit":  "order: {window: 2}",
		"duration in words":      "order: {window: two seconds}",
		"size in words":          "stream: {max_bytes: 10 gigs}",
		"size is negative":       "stream: {max_bytes: -1}",
		"word":                   "order: {mode: tame}",
		"word of a sink":         "sinks: {a: {type: kafka, compression: zip}}",
		"format of another sink": "sinks: {a: {type: sqs, format: cloudevents-binary}}",
		"start":                  "sinks: {a: {type: stdout, start: yesterday}}",
		"list is text":           "sinks: {a: {type: stdout, kinds: x}}",
		"mapping is text":        "order: time",
		"scalar is a mapping":    "log: {level: {a: b}}",
		"value missing":          "order: {mode: }",
		"secret is empty":        `admin: {token: ""}`,
		"secret is a number":     "admin: {token: 1234567890123456}",
		"header is a number":     "sinks: {a: {type: webhook, headers: {A: 1}}}",
	} {
		tree, err := plainYAML([]byte(text))
		require.NoError(t, err, name)
		require.Error(t, schema.Validate(tree), "%s: %s", name, text)
		_, err = config.LoadBytes("test.yaml", []byte(text), connectors.All(connectors.Options{}), nil)
		require.Error(t, err, "%s: the router takes it: %s", name, text)
	}
}

// aboutStructure tells whether a problem is about keys, types and kinds of values, which the schema knows.
func aboutStructure(p config.Error) bool {
	for _, begin := range []string{"unknown key", "unknown type", "type: is missing", "an id is", "want ", "has no value"} {
		if strings.HasPrefix(p.Message, begin) {
			return true
		}
	}
	return false
}

// TestSchema_RefusesBadConfigurations: what a router calls wrong in structure the schema refuses, too.
func TestSchema_RefusesBadConfigurations(t *testing.T) {
	schema := compileSchema(t)
	seen := 0
	for _, pattern := range []string{"../pipeline/config/testdata/bad/*.yaml", "testdata/bad/*.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, name := range files {
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			tree, err := plainYAML(text)
			if err != nil {
				continue // no YAML, no matter what the schema says
			}
			_, err = config.LoadBytes(name, text, connectors.All(connectors.Options{}), exampleEnv)
			if problems, ok := errors.AsType[config.Errors](err); ok && slices.ContainsFunc(problems, aboutStructure) {
				seen++
				require.Error(t, schema.Validate(tree), "%s: %s", name, err)
			}
		}
	}
	require.Greater(t, seen, 20)
}

// TestSchema_AgreesWithTheRouter breaks right configurations in one place: the schema refuses what the router calls wrong in
// structure, and nothing that the router takes.
func TestSchema_AgreesWithTheRouter(t *testing.T) {
	schema, all := compileSchema(t), connectors.All(connectors.Options{})
	texts := right(t)
	names := slices.Sorted(maps.Keys(texts))
	rapid.Check(t, func(t *rapid.T) {
		var tree map[string]any
		if err := yaml.Unmarshal([]byte(texts[rapid.SampledFrom(names).Draw(t, "file")]), &tree); err != nil {
			t.Fatal(err)
		}
		open := breakOne(t, tree)
		text, err := yaml.Marshal(tree)
		require.NoError(t, err)
		plain, err := plainYAML(text)
		require.NoError(t, err)
		_, err = config.LoadBytes("test.yaml", text, all, exampleEnv)
		refused := schema.Validate(plain)
		problems, _ := errors.AsType[config.Errors](err)
		if !open && slices.ContainsFunc(problems, aboutStructure) {
			require.Error(t, refused, "the router says:\n%s\n%s", err, text)
		}
		if refused != nil {
			require.Error(t, err, "the schema says: %s\n%s", refused, text)
		}
	})
}

// breakOne goes down from tree to somewhere and changes a key or a value there. It returns whether only the router can know what the
// value is now, because it is a reference.
func breakOne(t *rapid.T, tree map[string]any) bool {
	keys := slices.Sorted(maps.Keys(tree))
	if len(keys) == 0 {
		tree["x"] = 1
		return false
	}
	key := rapid.SampledFrom(keys).Draw(t, "key")
	if below, ok := tree[key].(map[string]any); ok && rapid.IntRange(0, 5).Draw(t, "deeper") > 0 {
		return breakOne(t, below)
	}
	if rapid.Bool().Draw(t, "rename") {
		other := rapid.SampledFrom([]string{key + "s", "x" + key, strings.ToUpper(key), key[:len(key)-1] + "_", "type", "retry", "format"}).Draw(t, "name")
		tree[other] = tree[key]
		delete(tree, key)
		return isReference(tree[other])
	}
	tree[key] = rapid.SampledFrom([]any{
		0, 1, 2, 7, -1, 1.5, 300, 1 << 40, true, false, nil, "", "x", "2", "2s", "10GiB", "always", "time", "now", "json", "sqs",
		"${env:EVENTBRIDGE_KEY}", "${x",
		[]any{},
		[]any{"a"},
		[]any{1},
		map[string]any{},
		map[string]any{"a": "b"},
		map[string]any{"type": "file", "path": "a"},
	}).Draw(t, "value")
	return isReference(tree[key])
}

func isReference(v any) bool {
	text, ok := v.(string)
	return ok && strings.Contains(text, "${env:")
}
