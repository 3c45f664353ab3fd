package order

import "strings"

// rule is a condition that an event of mode causal waits for. A rule that was waited for in vain is named in Carillon-Gap.
type rule uint8

const (
	// ruleStarted: the meeting has started. Each attendee waits for that by itself, and once: so the first one that comes too
	// early does not take the others along.
	ruleStarted rule = iota
	// ruleAdded: the attendee was added. A media pipeline is an attendee that nobody adds.
	ruleAdded
	// ruleAuthorized: the attendee was authorized, if others of the meeting were before they joined first: not all are, by some
	// documents.
	ruleAuthorized
	// ruleJoined: the attendee is present.
	ruleJoined
	// ruleDeparted: the attendee is not present, or has departed or was authorized anew since joining last: a hand-off to
	// another device.
	ruleDeparted
	// ruleCameraOn, ruleCameraOff: the camera of the attendee is on, or off. For a departure it is as good as off when the end
	// of its session waits behind: then the attendee left with the camera on.
	ruleCameraOn
	ruleCameraOff
	// ruleContentJoined, ruleContentDeparted: the content share of the attendee is connected, or not.
	ruleContentJoined
	ruleContentDeparted
	// ruleContentVideoOn, ruleContentVideoOff: the content share of the attendee sends video, or not; as with the camera.
	ruleContentVideoOn
	ruleContentVideoOff
	// ruleTranscribing: the meeting is transcribed, perhaps interrupted.
	ruleTranscribing
	// ruleInterrupted: the transcription is interrupted.
	ruleInterrupted
	// ruleAllDeparted: nobody is known to be present, and no coming or going waits. Media pipelines do not count.
	ruleAllDeparted
	ruleCount
)

// closings are the rules that an event makes true which stands behind those that wait for it, within one millisecond.
const closings ruleSet = 1<<ruleDeparted | 1<<ruleCameraOff | 1<<ruleContentDeparted | 1<<ruleContentVideoOff

// doubtful are the rules that an event which needed them says nothing about: they may be met otherwise than by what they say, and
// what they say may be older news. Only one that waited for them in vain settles the matter.
const doubtful ruleSet = 1<<ruleAuthorized | 1<<ruleCameraOff | 1<<ruleContentVideoOff

// ruleName is how a rule is written in Carillon-Gap and in metrics; implied is what else is missing, perhaps, when the rule
// is not met: an attendee whose camera is not on may not even have joined.
//
//nolint:gochecknoglobals // a constant table.
var (
	ruleName = [ruleCount]string{
		"started", "added", "authorized", "joined", "departed", "camera_on", "camera_off", "content_joined", "content_departed",
		"content_video_on", "content_video_off", "transcription", "transcription_interrupted", "all_departed",
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

func (s ruleSet) has(r rule) bool { return s&(1<<r) != 0 }

// each calls f for every rule of the set, in the order of the table.
func (s ruleSet) each(f func(rule)) {
	for r := range ruleCount {
		if s.has(r) {
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
