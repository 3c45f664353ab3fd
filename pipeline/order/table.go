package order

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

// table is what must come before what. Logs of real meetings have the end of a camera session before the departure, and the
// authorization before the first join. What is not in the table was found to happen in ordinary traffic, or nobody documents it:
//
//   - content shares outlive the presence of their owner: only their beginning needs it;
//   - TranscriptionFailed may be all that is ever heard of a transcription.
//
//nolint:gochecknoglobals // a constant table.
var table = [rowCount]precedence{
	rowMeetingStarted: {gives: rulesOf(ruleStarted)},

	rowAdded:        {needs: rulesOf(ruleStarted), gives: rulesOf(ruleAdded)},
	rowAuthorized:   {needs: rulesOf(ruleStarted, ruleAdded), gives: rulesOf(ruleAuthorized), after: rowsOf(rowAdded)},
	rowJoined:       {needs: rulesOf(ruleStarted, ruleAdded, ruleAuthorized, ruleDeparted), gives: rulesOf(ruleJoined), after: arrivals | presence | camera | rowsOf(rowContentJoined)},
	rowCapabilities: {needs: rulesOf(ruleAdded), after: rowsOf(rowAdded)},
	rowDeparted:     {needs: rulesOf(ruleJoined, ruleCameraOff), gives: rulesOf(ruleDeparted, ruleAllDeparted), after: arrivals | presence | camera | rowsOf(rowContentJoined)},
	rowDeleted:      {needs: rulesOf(ruleAdded, ruleDeparted), after: arrivals | presence | camera | content | rowsOf(rowCapabilities)},

	rowVideoStarted: {needs: rulesOf(ruleJoined, ruleCameraOff), gives: rulesOf(ruleCameraOn), after: arrivals | presence | camera},
	rowVideoStopped: {needs: rulesOf(ruleCameraOn), gives: rulesOf(ruleCameraOff), after: arrivals | presence | camera},

	rowContentJoined:       {needs: rulesOf(ruleJoined, ruleContentDeparted), gives: rulesOf(ruleContentJoined), after: arrivals | presence | content},
	rowContentVideoStarted: {needs: rulesOf(ruleContentJoined, ruleContentVideoOff), gives: rulesOf(ruleContentVideoOn), after: content},
	rowScreenShareStarted:  {needs: rulesOf(ruleJoined, ruleContentVideoOff), gives: rulesOf(ruleContentVideoOn), after: content},
	rowContentVideoStopped: {needs: rulesOf(ruleContentVideoOn), gives: rulesOf(ruleContentVideoOff), after: content},
	rowContentDeparted:     {needs: rulesOf(ruleContentJoined, ruleContentVideoOff), gives: rulesOf(ruleContentDeparted), after: content},

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
