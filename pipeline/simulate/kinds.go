package simulate

// The kinds that a simulated meeting produces.
const (
	meetingStarted      = "chime:MeetingStarted"
	meetingEnded        = "chime:MeetingEnded"
	attendeeAdded       = "chime:AttendeeAdded"
	attendeeAuthorized  = "chime:AttendeeAuthorized"
	attendeeJoined      = "chime:AttendeeJoined"
	attendeeLeft        = "chime:AttendeeLeft"
	attendeeDropped     = "chime:AttendeeDropped"
	attendeeDeleted     = "chime:AttendeeDeleted"
	capabilitiesUpdated = "chime:AttendeeCapabilitiesUpdated"
	videoStarted        = "chime:AttendeeVideoStarted"
	videoStopped        = "chime:AttendeeVideoStopped"
	contentJoined       = "chime:AttendeeContentJoined"
	contentLeft         = "chime:AttendeeContentLeft"
	contentDropped      = "chime:AttendeeContentDropped"
	contentVideoStarted = "chime:AttendeeContentVideoStarted"
	contentVideoStopped = "chime:AttendeeContentVideoStopped"
	transcribing        = "chime:TranscriptionStarted"
	transcribeBroken    = "chime:TranscriptionInterrupted"
	transcribeResumed   = "chime:TranscriptionResumed"
	transcribeStopped   = "chime:TranscriptionStopped"
	pipelineInProgress  = "chime:MediaPipelineInProgress"
	pipelineDeleted     = "chime:MediaPipelineDeleted"
)

// dimension is a part of an attendee's state that events switch on and off.
type dimension uint8

const (
	noDimension dimension = iota
	presence
	camera
	contentConnection
	contentVideo
)

// traits is what the simulator knows of a kind. It is written down here a second time, apart from the router's own table,
// so that a mistake in either shows.
type traits struct {
	// rank orders kinds with equal timestamps: what opens comes before what closes.
	rank int
	// dimension is what the kind switches.
	dimension dimension
	// voip says that the kind carries networkType.
	voip bool
	// after lists the kinds that the same subject must have gone through before, the last one of each before this event.
	// MeetingStarted counts for every subject.
	after []string
}

//nolint:gochecknoglobals // a constant table
var kinds = map[string]traits{
	meetingStarted:      {rank: 0},
	attendeeAdded:       {rank: 10, after: []string{meetingStarted}},
	attendeeAuthorized:  {rank: 20, after: []string{meetingStarted, attendeeAdded}},
	attendeeJoined:      {rank: 30, dimension: presence, voip: true, after: []string{meetingStarted, attendeeAdded, attendeeAuthorized, attendeeLeft, attendeeDropped}},
	capabilitiesUpdated: {rank: 35, after: []string{meetingStarted, attendeeAdded}},
	videoStarted:        {rank: 40, dimension: camera, after: []string{meetingStarted, attendeeJoined, videoStopped}},
	contentJoined:       {rank: 45, dimension: contentConnection, voip: true, after: []string{meetingStarted, attendeeJoined, contentLeft, contentDropped}},
	contentVideoStarted: {rank: 50, dimension: contentVideo, after: []string{meetingStarted, contentJoined, contentVideoStopped}},
	transcribing:        {rank: 55, after: []string{meetingStarted}},
	transcribeBroken:    {rank: 55, after: []string{meetingStarted, transcribing}},
	transcribeResumed:   {rank: 55, after: []string{meetingStarted, transcribeBroken}},
	transcribeStopped:   {rank: 55, after: []string{meetingStarted, transcribing, transcribeResumed}},
	pipelineInProgress:  {rank: 55, after: []string{meetingStarted}},
	pipelineDeleted:     {rank: 55, after: []string{meetingStarted, pipelineInProgress}},
	contentVideoStopped: {rank: 60, dimension: contentVideo, after: []string{meetingStarted, contentVideoStarted}},
	contentLeft:         {rank: 65, dimension: contentConnection, voip: true, after: []string{meetingStarted, contentJoined, contentVideoStopped}},
	contentDropped:      {rank: 65, dimension: contentConnection, voip: true, after: []string{meetingStarted, contentJoined, contentVideoStopped}},
	videoStopped:        {rank: 70, dimension: camera, after: []string{meetingStarted, videoStarted}},
	attendeeLeft:        {rank: 75, dimension: presence, voip: true, after: []string{meetingStarted, attendeeJoined, videoStopped}},
	attendeeDropped:     {rank: 75, dimension: presence, voip: true, after: []string{meetingStarted, attendeeJoined, videoStopped}},
	attendeeDeleted:     {rank: 80, after: []string{meetingStarted, attendeeAdded, attendeeLeft, attendeeDropped}},
	meetingEnded:        {rank: 90, after: []string{meetingStarted}},
}

// departure says whether kind ends a presence.
func departure(kind string) bool { return kind == attendeeLeft || kind == attendeeDropped }
