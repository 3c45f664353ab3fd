package order

import "strings"

// rule is a condition that an event of mode causal waits for. A rule that was waited for in vain is named in Carillon-Gap.
type rule uint8

const (
	// ruleStarted: the meeting has started.
	ruleStarted rule = iota
	// ruleAdded: the attendee was added. A media pipeline is an attendee that nobody adds.
	ruleAdded
	// ruleJoined: the attendee is present.
	ruleJoined
	// ruleDeparted: the attendee is not present, or has departed or was authorized anew since joining last: a hand-off to
	// another device.
	ruleDeparted
	// ruleCameraOn: the camera of the attendee is on.
	ruleCameraOn
	// ruleContentJoined: the content share of the attendee is connected.
	ruleContentJoined
	// ruleContentVideoOn: the content share of the attendee sends video.
	ruleContentVideoOn
	// ruleTranscribing: the meeting is transcribed, perhaps interrupted.
	ruleTranscribing
	// ruleInterrupted: the transcription is interrupted.
	ruleInterrupted
	// ruleAllDeparted: nobody is known to be present, and no coming or going waits. Media pipelines do not count.
	ruleAllDeparted
	ruleCount
)

// ruleName is how a rule is written in Carillon-Gap and in metrics; implied is what else is missing, perhaps, when the rule
// is not met: an attendee whose camera is not on may not even have joined.
//
//nolint:gochecknoglobals // a constant table.
var (
	ruleName = [ruleCount]string{
		"started", "added", "joined", "departed", "camera_on", "content_joined", "content_video_on", "transcription",
		"transcription_interrupted", "all_departed",
	}
	implied = [ruleCount]ruleSet{
		ruleAdded:          rulesOf(ruleStarted),
		ruleJoined:         rulesOf(ruleAdded),
		ruleCameraOn:       rulesOf(ruleJoined),
		ruleContentJoined:  rulesOf(ruleJoined),
		ruleContentVideoOn: rulesOf(ruleContentJoined),
		ruleTranscribing:   rulesOf(ruleStarted),
		ruleInterrupted:    rulesOf(ruleTranscribing),
	}
)

// Rules returns the names of all rules, as Carillon-Gap has them.
func Rules() []string { return append([]string(nil), ruleName[:]...) }

// ruleSet is a set of rules.
type ruleSet uint16

func rulesOf(rs ...rule) ruleSet {
	var s ruleSet
	for _, r := range rs {
		s |= 1 << r
	}
	return s
}

// each calls f for every rule of the set, in the order of the table.
func (s ruleSet) each(f func(rule)) {
	for r := range ruleCount {
		if s&(1<<r) != 0 {
			f(r)
		}
	}
}

// String joins the names with commas.
func (s ruleSet) String() string {
	if s == 0 {
		return ""
	}
	names := make([]string, 0, ruleCount)
	s.each(func(r rule) { names = append(names, ruleName[r]) })
	return strings.Join(names, ",")
}

// parseRules is the inverse of String. A name that this version does not know is passed over.
func parseRules(gap string) ruleSet {
	var s ruleSet
	for gap != "" {
		var name string
		name, gap, _ = strings.Cut(gap, ",")
		for r, known := range ruleName {
			if name == known {
				s |= 1 << r
			}
		}
	}
	return s
}

// row is a line of the table. Rows stand in the order in which events of one millisecond leave when none of them waits for
// another.
type row uint8

const (
	rowMeetingStarted row = iota
	rowAdded
	rowAuthorized
	rowJoined
	rowCapabilities
	rowVideoStarted
	rowContentJoined
	rowContentVideoStarted
	rowScreenShareStarted
	rowTranscriptionStarted
	rowTranscriptionInterrupted
	rowTranscriptionResumed
	rowTranscriptionStopped
	rowTranscriptionFailed
	rowContentVideoStopped
	rowContentDeparted
	rowVideoStopped
	rowDeparted
	rowDeleted
	rowMeetingEnded
	rowCount
	// rowNone is every other kind: media pipelines, calls, whatever is new. It waits for nothing and is never late.
	rowNone = rowCount
)

// rowSet is a set of rows.
type rowSet uint32

func rowsOf(rs ...row) rowSet {
	var s rowSet
	for _, r := range rs {
		s |= 1 << r
	}
	return s
}

func (s rowSet) has(r row) bool { return s&(1<<r) != 0 }

// Groups of rows that the table below is written with.
const (
	arrivals      = 1<<rowAdded | 1<<rowAuthorized
	presence      = 1<<rowJoined | 1<<rowDeparted
	camera        = 1<<rowVideoStarted | 1<<rowVideoStopped
	content       = 1<<rowContentJoined | 1<<rowContentVideoStarted | 1<<rowScreenShareStarted | 1<<rowContentVideoStopped | 1<<rowContentDeparted
	transcription = 1<<rowTranscriptionStarted | 1<<rowTranscriptionInterrupted | 1<<rowTranscriptionResumed | 1<<rowTranscriptionStopped | 1<<rowTranscriptionFailed
)

// precedence is what the table says of one row.
type precedence struct {
	// needs is what an event waits for.
	needs ruleSet
	// gives is what the event makes true: who waited for that in vain makes the event late.
	gives ruleSet
	// after are the rows of the same subject that come before: their events are late when they happened before an event of
	// this row that has left. The start of the meeting comes before everything.
	after rowSet
}

// table is what must come before what. What is not in it was found to happen in ordinary traffic, or nobody documents it:
//
//   - a first join without AttendeeAuthorized, a camera that nobody switches off before leaving, a second VideoStarted: no
//     waiting;
//   - content shares outlive the presence of their owner: only their beginning needs it;
//   - TranscriptionFailed may be all that is ever heard of a transcription.
//
//nolint:gochecknoglobals // a constant table.
var table = [rowCount]precedence{
	rowMeetingStarted: {gives: rulesOf(ruleStarted)},

	rowAdded:        {needs: rulesOf(ruleStarted), gives: rulesOf(ruleAdded)},
	rowAuthorized:   {needs: rulesOf(ruleStarted, ruleAdded), after: rowsOf(rowAdded)},
	rowJoined:       {needs: rulesOf(ruleStarted, ruleAdded, ruleDeparted), gives: rulesOf(ruleJoined), after: arrivals | presence | camera | rowsOf(rowContentJoined)},
	rowCapabilities: {needs: rulesOf(ruleAdded), after: rowsOf(rowAdded)},
	rowDeparted:     {needs: rulesOf(ruleJoined), gives: rulesOf(ruleDeparted, ruleAllDeparted), after: arrivals | presence | camera | rowsOf(rowContentJoined)},
	rowDeleted:      {needs: rulesOf(ruleAdded, ruleDeparted), after: arrivals | presence | camera | content | rowsOf(rowCapabilities)},

	rowVideoStarted: {needs: rulesOf(ruleJoined), gives: rulesOf(ruleCameraOn), after: arrivals | presence | camera},
	rowVideoStopped: {needs: rulesOf(ruleCameraOn), after: arrivals | presence | camera},

	rowContentJoined:       {needs: rulesOf(ruleJoined), gives: rulesOf(ruleContentJoined), after: arrivals | presence | content},
	rowContentVideoStarted: {needs: rulesOf(ruleContentJoined), gives: rulesOf(ruleContentVideoOn), after: content},
	rowScreenShareStarted:  {needs: rulesOf(ruleJoined), gives: rulesOf(ruleContentVideoOn), after: content},
	rowContentVideoStopped: {needs: rulesOf(ruleContentVideoOn), after: content},
	rowContentDeparted:     {needs: rulesOf(ruleContentJoined), after: content},

	rowTranscriptionStarted:     {needs: rulesOf(ruleStarted), gives: rulesOf(ruleTranscribing), after: transcription},
	rowTranscriptionInterrupted: {needs: rulesOf(ruleTranscribing), gives: rulesOf(ruleInterrupted), after: transcription},
	rowTranscriptionResumed:     {needs: rulesOf(ruleInterrupted), after: transcription},
	rowTranscriptionStopped:     {needs: rulesOf(ruleTranscribing), after: transcription},
	rowTranscriptionFailed:      {after: transcription},

	rowMeetingEnded: {needs: rulesOf(ruleStarted, ruleAllDeparted), after: presence},
}

// rowOf returns the row of a kind.
func rowOf(kind string) row {
	if r, ok := rowByKind[kind]; ok {
		return r
	}
	return rowNone
}

//nolint:gochecknoglobals // a constant table.
var rowByKind = map[string]row{
	"chime:MeetingStarted":              rowMeetingStarted,
	"chime:AttendeeAdded":               rowAdded,
	"chime:AttendeeAuthorized":          rowAuthorized,
	"chime:AttendeeJoined":              rowJoined,
	"chime:AttendeeCapabilitiesUpdated": rowCapabilities,
	"chime:AttendeeVideoStarted":        rowVideoStarted,
	"chime:AttendeeContentJoined":       rowContentJoined,
	"chime:AttendeeContentVideoStarted": rowContentVideoStarted,
	"chime:AttendeeScreenShareStarted":  rowScreenShareStarted,
	"chime:TranscriptionStarted":        rowTranscriptionStarted,
	"chime:TranscriptionInterrupted":    rowTranscriptionInterrupted,
	"chime:TranscriptionResumed":        rowTranscriptionResumed,
	"chime:TranscriptionStopped":        rowTranscriptionStopped,
	"chime:TranscriptionFailed":         rowTranscriptionFailed,
	"chime:AttendeeContentVideoStopped": rowContentVideoStopped,
	"chime:AttendeeScreenShareStopped":  rowContentVideoStopped,
	"chime:AttendeeContentLeft":         rowContentDeparted,
	"chime:AttendeeContentDropped":      rowContentDeparted,
	"chime:AttendeeVideoStopped":        rowVideoStopped,
	"chime:AttendeeLeft":                rowDeparted,
	"chime:AttendeeDropped":             rowDeparted,
	"chime:AttendeeDeleted":             rowDeleted,
	"chime:MeetingEnded":                rowMeetingEnded,
}
