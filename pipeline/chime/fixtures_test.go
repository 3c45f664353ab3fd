package chime_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/chime"
)

// arrival is some hours after the youngest fixture.
var arrival = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// shapes are the folders of testdata. Files of one name are the same event on different paths.
var shapes = []string{"eventbridge", "direct", "sns"}

type fixture struct {
	shape, name string
	body        []byte
}

func fixtures(tb testing.TB, folders ...string) []fixture {
	tb.Helper()
	var all []fixture
	for _, shape := range folders {
		files, err := filepath.Glob(filepath.Join("testdata", shape, "*.json"))
		require.NoError(tb, err)
		require.NotEmpty(tb, files)
		for _, file := range files {
			body, err := os.ReadFile(file)
			require.NoError(tb, err)
			name := strings.TrimSuffix(filepath.Base(file), ".json")
			all = append(all, fixture{shape, name, bytes.TrimSpace(body)})
		}
	}
	return all
}

// load returns one fixture's body.
func load(tb testing.TB, shape, name string) []byte {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", shape, name+".json"))
	require.NoError(tb, err)
	return bytes.TrimSpace(body)
}

// record reads a body that holds one good notification.
func record(tb require.TestingT, body []byte) chime.Record {
	items := chime.Read(nil, body, arrival)
	require.Len(tb, items, 1)
	require.NoError(tb, items[0].Err)
	return items[0].Record
}

// object decodes a JSON object for a test to change.
func object(tb require.TestingT, body []byte) map[string]any {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var m map[string]any
	require.NoError(tb, dec.Decode(&m))
	return m
}

func detail(tb require.TestingT, envelope map[string]any) map[string]any {
	d, ok := envelope["detail"].(map[string]any)
	require.True(tb, ok)
	return d
}

func encode(tb require.TestingT, v any) []byte {
	b, err := json.Marshal(v)
	require.NoError(tb, err)
	return b
}

func quoted(tb require.TestingT, body []byte) string { return string(encode(tb, string(body))) }
