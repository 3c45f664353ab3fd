package chime_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/chime"
)

// severalPaths are the detail-types whose events Chime sends over EventBridge, SQS and SNS.
var severalPaths = []string{
	"Chime Meeting State Change", "Chime Media Pipeline State Change", "Chime VoiceConnector Streaming Status",
}

// TestLooseIgnoresTheTimestampOnly changes one member that the identity is made of.
func TestLooseIgnoresTheTimestampOnly(t *testing.T) {
	all := fixtures(t, "eventbridge", "direct")
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(all).Draw(t, "fixture")
		envelope := object(t, f.body)
		essential, _, _ := parted(t, envelope)
		before := record(t, f.body).Loose
		_, isStream := detail(t, envelope)["kinesisVideoStreamArn"]
		if !slices.Contains(severalPaths, envelope["detail-type"].(string)) || isStream {
			require.Zero(t, before)
			return
		}
		name := rapid.SampledFrom(essential).Draw(t, "name")
		d := detail(t, envelope)
		d[name] = other(t, name, d[name])
		after := record(t, encode(t, envelope)).Loose
		require.NotZero(t, before)
		require.Equal(t, name == "timestamp", before == after, name)
	})
}

// TestNoTwoEventsShareALooseIdentity compares fixtures that differ in more than the time.
func TestNoTwoEventsShareALooseIdentity(t *testing.T) {
	names := map[uint64]chime.Identity{}
	for _, f := range fixtures(t, shapes...) {
		r := record(t, f.body)
		if known, ok := names[r.Loose]; ok && r.Loose != 0 {
			require.Equal(t, known, r.ID, f.name)
		}
		names[r.Loose] = r.ID
	}
}
