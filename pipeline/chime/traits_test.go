package chime_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/chime"
)

func TestRanksFollowThePartialOrder(t *testing.T) {
	rank := func(name string) uint8 { return chime.Lookup("chime:" + name).Rank }
	for _, chain := range [][]string{
		{
			"MeetingStarted", "AttendeeAdded", "AttendeeAuthorized", "AttendeeJoined", "AttendeeCapabilitiesUpdated",
			"AttendeeVideoStarted", "AttendeeContentJoined", "AttendeeContentVideoStarted", "TranscriptionStarted",
			"AttendeeContentVideoStopped", "AttendeeContentLeft", "AttendeeVideoStopped", "AttendeeLeft", "AttendeeDeleted", "MeetingEnded",
		},
		{"AttendeeContentJoined", "AttendeeScreenShareStarted", "MediaPipelineDeleted", "AttendeeScreenShareStopped", "AttendeeContentDropped"},
		{"AttendeeVideoStopped", "AttendeeDropped", "AttendeeDeleted"},
		{"MediaInsightsCreated", "MediaInsightsInProgress", "MediaInsightsStopped"},
	} {
		for i := range chain[1:] {
			require.Less(t, rank(chain[i]), rank(chain[i+1]), "%s before %s", chain[i], chain[i+1])
		}
	}
	require.Equal(t, uint8(0), rank("MeetingStarted"))
	require.Equal(t, uint8(90), rank("MeetingEnded"))
	require.Equal(t, chime.Traits{Rank: 55}, chime.Lookup("chime:NeverHeardOf"))
	require.Equal(t, chime.Traits{Rank: 55}, chime.Lookup(""))
}

func TestSwitches(t *testing.T) {
	for _, c := range []struct {
		on, off   string
		dimension chime.Dimension
	}{
		{"AttendeeJoined", "AttendeeLeft", chime.DimensionPresence},
		{"AttendeeJoined", "AttendeeDropped", chime.DimensionPresence},
		{"AttendeeVideoStarted", "AttendeeVideoStopped", chime.DimensionCamera},
		{"AttendeeContentJoined", "AttendeeContentLeft", chime.DimensionContentConnection},
		{"AttendeeContentJoined", "AttendeeContentDropped", chime.DimensionContentConnection},
		{"AttendeeContentVideoStarted", "AttendeeContentVideoStopped", chime.DimensionContentVideo},
		{"AttendeeScreenShareStarted", "AttendeeScreenShareStopped", chime.DimensionContentVideo},
		{"TranscriptionStarted", "TranscriptionStopped", chime.DimensionTranscription},
		{"TranscriptionResumed", "TranscriptionInterrupted", chime.DimensionTranscription},
		{"TranscriptionResumed", "TranscriptionFailed", chime.DimensionTranscription},
	} {
		on, off := chime.Lookup("chime:"+c.on), chime.Lookup("chime:"+c.off)
		require.Equal(t, c.dimension, on.Dimension, c.on)
		require.Equal(t, chime.SwitchOn, on.Switch, c.on)
		require.Equal(t, c.dimension, off.Dimension, c.off)
		require.Equal(t, chime.SwitchOff, off.Switch, c.off)
	}
}

func TestEveryFixtureWithADimensionHasASwitch(t *testing.T) {
	for _, f := range fixtures(t, shapes...) {
		traits := chime.Lookup(record(t, f.body).Kind)
		require.Equal(t, traits.Dimension == chime.DimensionNone, traits.Switch == chime.SwitchNone, f.name)
	}
}
