package chime_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/chime"
)

const (
	noon    = 1767355200000 // 2026-01-02T12:00:00Z, when the fixtures arrive.
	year    = 366 * 24 * 3600 * 1000
	byClock = 1767355199000 // what the envelope says.
)

func timeOf(t *testing.T, detailType, detail string) int64 {
	t.Helper()
	const form = `{"id":"i","source":"aws.chime","detail-type":%q,"time":"2026-01-02T11:59:59Z","detail":%s}`
	return record(t, fmt.Appendf(nil, form, detailType, detail)).Time
}

func TestEventTimeOfMeetings(t *testing.T) {
	for timestamp, want := range map[string]int64{
		"1767355000123":                    1767355000123,
		`"1767355000123"`:                  1767355000123,
		"1767355000123.9":                  1767355000123,
		"1.767355000123e12":                1767355000123,
		`"2026-01-02T11:56:40.123999999Z"`: 1767355000123,
		`"2026-01-02T12:56:40.5+01:00"`:    1767355000500,
		"12344566754":                      byClock, // the guide's placeholder: 1970.
		"1420070399999":                    byClock,
		"1420070400000":                    1420070400000,
		strconv.Itoa(noon + year):          noon + year,
		strconv.Itoa(noon + year + 1):      byClock,
		"0":                                byClock,
		"-1767355000123":                   byClock,
		"99999999999999999999999":          byClock,
		"1e999":                            byClock,
		`"1e999"`:                          byClock,
		"-1e30":                            byClock,
	} {
		got := timeOf(t, "Chime Meeting State Change", `{"eventType":"chime:X","meetingId":"m","timestamp":`+timestamp+`}`)
		require.Equal(t, want, got, timestamp)
	}
}

func TestAnImplausibleTimestampStillIdentifies(t *testing.T) {
	const form = `{"source":"aws.chime","detail-type":"Chime Meeting State Change","detail":{"eventType":"chime:X","meetingId":"m","timestamp":%s}}`
	placeholder := record(t, fmt.Appendf(nil, form, "12344566754"))
	require.Zero(t, placeholder.Time)
	require.NotEqual(t, placeholder.ID, record(t, fmt.Appendf(nil, form, "12344566755")).ID)
	require.Equal(t, placeholder.ID, record(t, fmt.Appendf(nil, form, `"12344566754"`)).ID)
}

func TestWithoutArrivalEveryFutureIsBelieved(t *testing.T) {
	body := strings.Replace(string(load(t, "direct", "chime.MeetingStarted")), `"timestamp":1`, `"timestamp":9`, 1)
	require.Less(t, record(t, []byte(body)).Time, int64(noon))
	require.Greater(t, chime.Read(nil, []byte(body), time.Time{})[0].Record.Time, int64(noon+year))
}

func TestEventTimeOfOtherFamilies(t *testing.T) {
	vc := "Chime VoiceConnector Streaming Status"
	statuses := func(s string) string { return `{"mediaInsightsPipelineElementStatuses":` + s + `}` }
	for _, c := range []struct {
		detailType, detail string
		want               int64
	}{
		{vc, `{"callId":"c","streamingStatus":"STARTED","startTime":"2026-01-02T11:00:00.250Z"}`, noon - 3600_000 + 250},
		{vc, `{"callId":"c","streamingStatus":"ENDED","startTime":"2026-01-02T11:00:00Z","endTime":"2026-01-02T11:30:00Z"}`, noon - 1800_000},
		{vc, `{"callId":"c","streamingStatus":"FAILED","failTime":"2026-01-02T11:30:00.000000001Z"}`, noon - 1800_000},
		{vc, `{"callId":"c","streamingStatus":"ENDED","startTime":"2026-01-02T11:00:00Z","endTime":"2032-01-02T11:30:00Z"}`, noon - 3600_000},
		{vc, `{"callId":"c","streamingStatus":"UPDATED"}`, byClock},
		{vc, `{"callId":"c","streamingStatus":"STARTED","startTime":"yesterday"}`, byClock},
		{vc, `{"callId":"c","streamingStatus":"STARTED","startTime":{}}`, byClock},
		{"Media Insights State Change", statuses(`[{"updatedOn":1767355000001},{"updatedOn":"1767355000003"},{"updatedOn":2},{}]`), 1767355000003},
		{"Media Insights State Change", statuses(`[]`), byClock},
		{"Media Insights State Change", statuses(`[[],1,{"updatedOn":[1767355000001]}]`), byClock},
		{"Media Insights State Change", `{"timestamp":1767355000001}`, byClock},
		{"Media Insights Rules Matched", `{"beginTimestamp":"2026-01-02T11:00:00Z"}`, byClock},
		{"SpeakerSearchStatus", `{"a":1}`, byClock},
		{"Chime New Thing", `{"timestamp":1767355000001}`, 1767355000001},
		{"Chime New Thing", `{"timestamp":"soon"}`, byClock},
	} {
		require.Equal(t, c.want, timeOf(t, c.detailType, c.detail), "%s %s", c.detailType, c.detail)
	}
}

func TestEnvelopeTimeMayBeMissingOrWrong(t *testing.T) {
	for _, envelope := range []string{``, `"time":"",`, `"time":"1812-01-01T00:00:00Z",`, `"time":[],`, `"time":"2026-01-02",`, `"time":"NaN",`} {
		body := `{"id":"i","source":"aws.chime",` + envelope + `"detail-type":"SpeakerSearchStatus","detail":{"a":1}}`
		require.Zero(t, record(t, []byte(body)).Time, envelope)
	}
}

func TestAttendees(t *testing.T) {
	const form = `{"source":"aws.chime","detail-type":"Chime Meeting State Change","detail":{"eventType":"chime:X","meetingId":"m","timestamp":1,"attendeeId":%s}}`
	of := func(id string) chime.Record { return record(t, fmt.Appendf(nil, form, id)) }

	require.Equal(t, "a-1", of(`"a-1#content"`).Attendee)
	require.NotEqual(t, of(`"a-1"`).ID, of(`"a-1#content"`).ID, "identity has the attendeeId as sent")
	require.Equal(t, "42", of(`42`).Attendee)
	require.Empty(t, of(`null`).Attendee)
	require.Empty(t, of(`"#content"`).Attendee)
	require.Equal(t, strings.Repeat("a", 128), of(`"`+strings.Repeat("a", 128)+`"`).Attendee)
	require.Regexp(t, `^h_[0-9a-f]{32}$`, of(`"`+strings.Repeat("a", 129)+`"`).Attendee)
	require.Regexp(t, `^h_[0-9a-f]{32}$`, of(`"a b"`).Attendee)
	require.Equal(t, of(`"ä"`).Attendee, of(`"ä#content"`).Attendee)
}

func TestAttendeesOfOtherFamiliesAreNotLookedAt(t *testing.T) {
	require.Empty(t, record(t, []byte(`{"id":"i","detail-type":"Media Insights State Change","detail":{"attendeeId":"a"}}`)).Attendee)
	require.Equal(t, "a", record(t, []byte(`{"id":"i","detail-type":"Chime New Thing","detail":{"attendeeId":"a"}}`)).Attendee)
}
