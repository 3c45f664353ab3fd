package chime_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/chime"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "identities, keys and partitions are stored: a change here breaks running systems")
}

func TestRecordsOfFixturesAreFrozen(t *testing.T) {
	var b strings.Builder
	for _, f := range fixtures(t, shapes...) {
		r := record(t, f.body)
		fmt.Fprintf(&b, "%s/%s\n\tkind %s\n\tkey %s\n\tattendee %s\n\ttime %d\n\trank %d\n\tidentity %s\n\tloose %016x\n",
			f.shape, f.name, r.Kind, r.Key, r.Attendee, r.Time, chime.Lookup(r.Kind).Rank, r.ID, r.Loose)
	}
	golden(t, "records.golden", strings.ReplaceAll(b.String(), " \n", " -\n"))
}

func TestPartitionsAreFrozen(t *testing.T) {
	var b strings.Builder
	for _, key := range []string{"", "a", "type_SpeakerSearchStatus", "f6fadfa7-e5c1-5b62-9362-da5cc13da58a", "h_00000000000000000000000000000000"} {
		for _, n := range []int{-1, 0, 1, 2, 8, 16, 1000} {
			fmt.Fprintf(&b, "%q of %d: %d\n", key, n, chime.Partition(key, n))
		}
	}
	golden(t, "partitions.golden", b.String())
}

func TestFileNameIsTheKind(t *testing.T) {
	for _, f := range fixtures(t, shapes...) {
		name, _, _ := strings.Cut(f.name, "-again")
		kind := record(t, f.body).Kind
		dotted := strings.Replace(kind, ":", ".", 1)
		require.True(t, name == dotted || strings.HasPrefix(name, dotted+"-"), "%s has kind %s", f.name, kind)
	}
}

func TestEveryPathGivesOneIdentity(t *testing.T) {
	seen := map[string]chime.Record{}
	copies := 0
	for _, f := range fixtures(t, shapes...) {
		got := record(t, f.body)
		first, known := seen[f.name]
		if !known {
			seen[f.name] = got
			continue
		}
		copies++
		if f.name == "voice-connector.UPDATED" {
			require.Equal(t, first.Time/1000, got.Time/1000, "an update has the envelope's time, which EventBridge rounds")
			got.Time = first.Time
		}
		require.Equal(t, first, got, "%s over %s", f.name, f.shape)
	}
	require.Greater(t, copies, 80)
}

func TestNoTwoFixturesShareAnIdentity(t *testing.T) {
	names := map[chime.Identity]string{}
	for _, f := range fixtures(t, shapes...) {
		id := record(t, f.body).ID
		if other, known := names[id]; known {
			require.Equal(t, other, f.name)
		}
		names[id] = f.name
	}
}

func TestEqualFailuresWithTwoIDsStayTwo(t *testing.T) {
	first, again := load(t, "eventbridge", "messaging.LexFailure"), load(t, "eventbridge", "messaging.LexFailure-again")
	require.Equal(t, detail(t, object(t, first)), detail(t, object(t, again)))
	require.NotEqual(t, record(t, first).ID, record(t, again).ID)
	require.Equal(t, record(t, first).Key, record(t, again).Key)
}

func TestAllEventsOfACallShareAKey(t *testing.T) {
	keys := map[string][]string{}
	for _, f := range fixtures(t, shapes...) {
		d := map[string]any{}
		if f.shape != "sns" {
			d = detail(t, object(t, f.body))
		}
		source, _ := d["sourceMetadata"].(map[string]any)
		if d["callId"] != nil || source["callId"] != nil {
			keys[record(t, f.body).Key] = append(keys[record(t, f.body).Key], f.name)
		}
	}
	require.Len(t, keys, 1)
	for key, names := range keys {
		require.True(t, strings.HasPrefix(key, "call_"))
		for _, family := range []string{"chime.MediaInsights", "media-insights.", "voice-connector.", "voice-analytics."} {
			require.True(t, slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, family) }), family)
		}
	}
}

func TestAPipelineHasOneKeyByArnAndByID(t *testing.T) {
	byArn := record(t, load(t, "eventbridge", "chime.MediaInsightsInProgress-metadata-shadows"))
	byID := record(t, load(t, "direct", "voice-analytics.IdentificationSuccessful"))
	require.Equal(t, byID.Key, byArn.Key)
	require.True(t, strings.HasPrefix(byArn.Key, "pipeline_"))
}
