package chime_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/chime"
)

// identityOf says, apart from the package's own table, what the identity of a detail-type is made of.
var identityOf = map[string][]string{
	"Chime Meeting State Change": {"eventType", "meetingId", "attendeeId", "timestamp"},
	"Chime Media Pipeline State Change": {
		"eventType", "meetingId", "attendeeId", "timestamp", "mediaPipelineId", "kinesisVideoStreamArn", "startFragmentNumber",
	},
	"Chime Media Pipeline Kinesis Video Pool State Change": {"poolArn", "eventType", "timestamp"},
	"Chime VoiceConnector Streaming Status": {
		"streamingStatus", "voiceConnectorId", "callId", "transactionId", "isCaller", "streamArn",
		"startFragmentNumber", "startTime", "endTime", "failTime",
	},
	"SpeakerSearchStatus":         {"*"},
	"VoiceToneAnalysisStatus":     {"*"},
	"VoiceAnalyticsStatus":        {"*"},
	"Chime Bell Foundry Status":   {"*"},
	"Media Insights State Change": nil, "Media Insights Rules Matched": nil,
	"Chime ChannelFlow Processing Status": nil, "Chime Messaging AppInstanceBot Lex Failure": nil,
	"Chime Messaging AppInstanceUserEndpoint Delivery Failure": nil, "Chime Bell Inspection": nil,
	"Chime Streaming Status": nil, "Chime Chat Streaming Status": nil,
	"Call Insights State Change": nil, "Call Insights Rules Matched": nil,
}

// parted sorts the names in detail into those that the identity is made of and the others.
func parted(t require.TestingT, envelope map[string]any) (essential, free []string, byID bool) {
	detailType, ok := envelope["detail-type"].(string)
	require.True(t, ok)
	names, known := identityOf[detailType]
	require.True(t, known, detailType)
	d := detail(t, envelope)
	for _, name := range slices.Sorted(maps.Keys(d)) {
		switch {
		case slices.Contains(names, "*"), slices.Contains(names, name):
			essential = append(essential, name)
		case d["streamingStatus"] == "UPDATED" && (name == "updateHeaders" || name == "siprecMetadata"):
			essential = append(essential, name)
		default:
			free = append(free, name)
		}
	}
	return essential, free, names == nil
}

// other draws a value of another meaning.
func other(t *rapid.T, name string, old any) any {
	if name == "timestamp" {
		return rapid.Int64Range(1, 1<<50).Filter(func(n int64) bool { return strconv.FormatInt(n, 10) != fmt.Sprint(old) }).Draw(t, "timestamp")
	}
	return rapid.StringMatching(`[a-z]{1,9}`).Filter(func(s string) bool { return s != old }).Draw(t, "value")
}

func TestIdentityChangesWithWhatItIsMadeOf(t *testing.T) {
	all := fixtures(t, "eventbridge", "direct")
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(all).Draw(t, "fixture")
		envelope := object(t, f.body)
		essential, _, byID := parted(t, envelope)
		if byID {
			envelope["id"] = other(t, "id", envelope["id"])
		} else {
			name := rapid.SampledFrom(essential).Draw(t, "name")
			d := detail(t, envelope)
			d[name] = other(t, name, d[name])
		}
		require.NotEqual(t, record(t, f.body).ID, record(t, encode(t, envelope)).ID)
	})
}

func TestIdentityIgnoresEverythingElse(t *testing.T) {
	all := fixtures(t, "eventbridge", "direct")
	anything := rapid.SampledFrom([]any{nil, "", "x", 7, true, []any{}, map[string]any{"eventType": "x", "meetingId": "y"}})
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(all).Draw(t, "fixture")
		envelope := object(t, f.body)
		essential, free, byID := parted(t, envelope)
		places := []string{"version", "account", "region", "resources", "time", "service-type", "new"}
		if !byID {
			places = append(places, "id")
		}
		for _, name := range places {
			if rapid.Bool().Draw(t, name) {
				envelope[name] = anything.Draw(t, "envelope value")
			}
		}
		d := detail(t, envelope)
		if whole := !byID && len(free) == 0 && slices.Contains(identityOf[fmt.Sprint(envelope["detail-type"])], "*"); !whole {
			for _, name := range append(free, "new", "sourceArn") {
				if !slices.Contains(essential, name) && name != "timestamp" && rapid.Bool().Draw(t, name) {
					d[name] = anything.Draw(t, "detail value")
				}
			}
		}
		require.Equal(t, record(t, f.body).ID, record(t, encode(t, envelope)).ID)
	})
}

func TestAbsentAndEmptyAreTheSame(t *testing.T) {
	all := fixtures(t, "direct")
	empty := rapid.SampledFrom([]any{nil, ""})
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(all).Draw(t, "fixture")
		envelope := object(t, f.body)
		d := detail(t, envelope)
		for _, name := range identityOf[fmt.Sprint(envelope["detail-type"])] {
			if _, there := d[name]; !there && name != "*" {
				d[name] = empty.Draw(t, name)
			}
		}
		require.Equal(t, record(t, f.body), record(t, encode(t, envelope)))
	})
}

func TestSpellingDoesNotMatter(t *testing.T) {
	all := fixtures(t, "eventbridge", "direct")
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(all).Draw(t, "fixture")
		body := respell(t, object(t, f.body))
		require.Equal(t, record(t, f.body), record(t, []byte(body)), body)
	})
}

// respell writes v in another way: members shuffled, white space, escapes, and integers as strings.
func respell(t *rapid.T, v any) string {
	space := rapid.SampledFrom([]string{"", " ", "\n\t"}).Draw(t, "space")
	switch x := v.(type) {
	case map[string]any:
		var parts []string
		for _, name := range rapid.Permutation(slices.Sorted(maps.Keys(x))).Draw(t, "order") {
			parts = append(parts, space+respellString(t, name)+space+":"+respell(t, x[name]))
		}
		return "{" + strings.Join(parts, space+",") + "}" + space
	case []any:
		var parts []string
		for _, element := range x {
			parts = append(parts, respell(t, element))
		}
		return "[" + strings.Join(parts, ",") + space + "]"
	case json.Number:
		return rapid.SampledFrom([]string{x.String(), `"` + x.String() + `"`, x.String() + ".0", x.String() + "e0"}).Draw(t, "number")
	case string:
		return respellString(t, x)
	}
	return string(encode(t, v))
}

func respellString(t *rapid.T, s string) string {
	var b strings.Builder
	every := rapid.IntRange(1, 9).Draw(t, "every")
	for i, c := range s {
		if i%every == 0 {
			fmt.Fprintf(&b, `\u%04x`, c)
			continue
		}
		q := encode(t, string(c))
		b.Write(q[1 : len(q)-1])
	}
	return `"` + b.String() + `"`
}

func TestEnvelopeIsTheLastResort(t *testing.T) {
	const form = `{"source":"aws.chime","detail-type":"Media Insights Rules Matched",%s"detail":%s}`
	id := func(envelope, d string) chime.Identity { return record(t, fmt.Appendf(nil, form, envelope, d)).ID }
	noon, later := `"time":"2026-01-02T12:00:00Z",`, `"time":"2026-01-02T12:00:01Z",`

	require.Equal(t, id(noon, `{"a":1,"b":2}`), id(noon, `{"b":2.0, "a":"1"}`))
	require.NotEqual(t, id(noon, `{"a":1}`), id(later, `{"a":1}`))
	require.NotEqual(t, id(noon, `{"a":1}`), id(noon, `{"a":2}`))
	require.Equal(t, id(noon+`"id":"i",`, `{"a":1}`), id(later+`"id":"i",`, `{"a":2}`))
	require.NotEqual(t, id(noon+`"id":"i",`, `{"a":1}`), id(noon+`"id":"j",`, `{"a":1}`))
}

func TestIntegersKeepAllDigits(t *testing.T) {
	const form = `{"source":"aws.chime","detail-type":"Chime New","detail":{"timestamp":1767323045000,"n":%s}}`
	id := func(n string) chime.Identity { return record(t, fmt.Appendf(nil, form, n)).ID }
	require.NotEqual(t, id("9007199254740993"), id("9007199254740992"))
	require.Equal(t, id("9007199254740993"), id(`"9007199254740993"`))
	require.Equal(t, id("-0"), id("0"))
	require.Equal(t, id("1.5e1"), id("15"))
}

func TestParseIdentity(t *testing.T) {
	id := record(t, load(t, "direct", "chime.MeetingEnded")).ID
	back, err := chime.ParseIdentity(id.String())
	require.NoError(t, err)
	require.Equal(t, id, back)
	for _, s := range []string{"", "12", strings.Repeat("g", 32), strings.Repeat("0", 34)} {
		_, err := chime.ParseIdentity(s)
		require.Error(t, err, s)
	}
}
