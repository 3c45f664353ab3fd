package order_test

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"carillon/pipeline"
	"carillon/pipeline/order"
)

// law is what the model knows of a kind: the table of mode causal written a second time.
type law struct {
	rank                int
	needs, gives, after string
}

const (
	adds    = "Added Authorized "
	moves   = "Joined Left Dropped "
	films   = "VideoStarted VideoStopped "
	shares  = "ContentJoined ContentVideoStarted ScreenShareStarted ContentVideoStopped ScreenShareStopped ContentLeft ContentDropped "
	scribes = "TranscriptionStarted TranscriptionInterrupted TranscriptionResumed TranscriptionStopped TranscriptionFailed "
)

var laws = map[string]law{
	"MeetingStarted":           {rank: 0, gives: "started"},
	"Added":                    {rank: 1, needs: "started", gives: "added"},
	"Authorized":               {rank: 2, needs: "started added", after: "Added"},
	"Joined":                   {rank: 3, needs: "started added departed", gives: "joined", after: adds + moves + films + "ContentJoined"},
	"CapabilitiesUpdated":      {rank: 4, needs: "added", after: "Added"},
	"VideoStarted":             {rank: 5, needs: "joined", gives: "camera_on", after: adds + moves + films},
	"ContentJoined":            {rank: 6, needs: "joined", gives: "content_joined", after: adds + moves + shares},
	"ContentVideoStarted":      {rank: 7, needs: "content_joined", gives: "content_video_on", after: shares},
	"ScreenShareStarted":       {rank: 8, needs: "joined", gives: "content_video_on", after: shares},
	"TranscriptionStarted":     {rank: 9, needs: "started", gives: "transcription", after: scribes},
	"TranscriptionInterrupted": {rank: 10, needs: "transcription", gives: "transcription_interrupted", after: scribes},
	"TranscriptionResumed":     {rank: 11, needs: "transcription_interrupted", after: scribes},
	"TranscriptionStopped":     {rank: 12, needs: "transcription", after: scribes},
	"TranscriptionFailed":      {rank: 13, after: scribes},
	"ContentVideoStopped":      {rank: 14, needs: "content_video_on", after: shares},
	"ScreenShareStopped":       {rank: 14, needs: "content_video_on", after: shares},
	"ContentLeft":              {rank: 15, needs: "content_joined", after: shares},
	"ContentDropped":           {rank: 15, needs: "content_joined", after: shares},
	"VideoStopped":             {rank: 16, needs: "camera_on", after: adds + moves + films},
	"Left":                     {rank: 17, needs: "joined", gives: "departed all_departed", after: adds + moves + films + "ContentJoined"},
	"Dropped":                  {rank: 17, needs: "joined", gives: "departed all_departed", after: adds + moves + films + "ContentJoined"},
	"Deleted":                  {rank: 18, needs: "added departed", after: adds + moves + films + shares + "CapabilitiesUpdated"},
	"MeetingEnded":             {rank: 19, needs: "started all_departed", after: moves},
}

// implies says what else may be missing when a rule is not met, ruleOrder in which order rules are named.
var (
	implies = map[string]string{
		"added": "started", "joined": "added", "camera_on": "joined", "content_joined": "joined", "content_video_on": "content_joined",
		"transcription": "started", "transcription_interrupted": "transcription",
	}
	ruleOrder = strings.Fields("started added joined departed camera_on content_joined content_video_on transcription transcription_interrupted all_departed")
)

func short(x *thing) string {
	return strings.TrimPrefix(strings.TrimPrefix(x.Kind, "chime:"), "Attendee")
}

func (x *thing) law() (law, bool) {
	l, ok := laws[short(x)]
	return l, ok
}

func has(list, word string) bool { return slices.Contains(strings.Fields(list), word) }

// subjectOf names what an event is about.
func subjectOf(e *order.Entry[int]) string {
	kind := short(&thing{Entry: *e})
	switch {
	case strings.HasPrefix(kind, "Meeting"):
		return "meeting"
	case strings.HasPrefix(kind, "Transcription"):
		return "transcription"
	case laws[kind].rank == 0:
		return "nothing"
	case e.Role == pipeline.RoleContent && !has(shares, kind):
		return "content of " + e.Attendee
	}
	return "attendee " + e.Attendee
}

func (x *thing) isMove() bool {
	return has(moves, short(x)) && strings.HasPrefix(subjectOf(&x.Entry), "attendee")
}

// causalMeeting is one meeting in mode causal: everything that came, and what left in which order. Everything else is found by
// reading through both.
type causalMeeting struct{ came, left []*thing }

func (k *causalMeeting) waiting() []*thing {
	w := slices.DeleteFunc(slices.Clone(k.came), func(x *thing) bool { return x.left })
	slices.SortFunc(w, inTable)
	return w
}

func inTable(a, b *thing) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(laws[short(a)].rank, laws[short(b)].rank), bytes.Compare(a.ID[:], b.ID[:]))
}

// setting is the last word on a state of a subject.
type word struct {
	value string
	at    int64
}

// facts reads from what left what is known of a subject.
type facts struct {
	added                        bool
	authorized, joined, departed int64
	states                       map[string]word
}

func (k *causalMeeting) facts(subject string) facts {
	f := facts{authorized: -1 << 62, joined: -1 << 62, departed: -1 << 62, states: map[string]word{}}
	for _, x := range k.left {
		if subjectOf(&x.Entry) != subject {
			continue
		}
		set := func(state, value string, newerOnly bool) {
			if w, ok := f.states[state]; !ok || w.at < x.Time || w.at == x.Time && !newerOnly {
				f.states[state] = word{value, x.Time}
			}
		}
		if !x.IsLate {
			for _, r := range append(strings.Split(x.Gap, ","), strings.Fields(laws[short(x)].needs)...) {
				f.assume(r, func(state, value string) { set(state, value, false) })
			}
		}
		switch short(x) {
		case "Added":
			f.added = true
		case "Authorized":
			f.authorized = max(f.authorized, x.Time)
		case "Joined":
			f.joined = max(f.joined, x.Time)
			set("presence", "on", x.IsLate)
			set("camera", "", true)
		case "Left", "Dropped":
			f.departed = max(f.departed, x.Time)
			set("presence", "", x.IsLate)
		case "VideoStarted":
			set("camera", "on", x.IsLate)
		case "VideoStopped":
			set("camera", "", x.IsLate)
		case "ContentJoined":
			set("content", "on", x.IsLate)
			set("video", "", true)
		case "ContentLeft", "ContentDropped":
			set("content", "", x.IsLate)
		case "ContentVideoStarted", "ScreenShareStarted":
			set("video", "on", x.IsLate)
		case "ContentVideoStopped", "ScreenShareStopped":
			set("video", "", x.IsLate)
		case "TranscriptionStarted", "TranscriptionResumed":
			set("transcription", "on", x.IsLate)
		case "TranscriptionInterrupted":
			set("transcription", "interrupted", x.IsLate)
		case "TranscriptionStopped", "TranscriptionFailed":
			set("transcription", "", x.IsLate)
		}
	}
	return f
}

func (f *facts) assume(rule string, set func(state, value string)) {
	switch rule {
	case "added":
		f.added = true
	case "joined":
		set("presence", "on")
	case "departed":
		set("presence", "")
	case "camera_on":
		set("camera", "on")
	case "content_joined":
		set("content", "on")
	case "content_video_on":
		set("video", "on")
	case "transcription":
		set("transcription", "on")
	case "transcription_interrupted":
		set("transcription", "interrupted")
	}
}

func (k *causalMeeting) met(x *thing, rule string) bool {
	f := k.facts(subjectOf(&x.Entry))
	switch rule {
	case "started":
		return slices.ContainsFunc(k.left, func(y *thing) bool {
			return short(y) == "MeetingStarted" || !y.IsLate && (has(laws[short(y)].needs, "started") || strings.Contains(y.Gap, "started"))
		})
	case "added":
		return f.added || x.Role == pipeline.RoleService || strings.HasPrefix(subjectOf(&x.Entry), "content")
	case "joined":
		return f.states["presence"].value == "on"
	case "departed":
		return f.states["presence"].value != "on" || max(f.authorized, f.departed) > f.joined
	case "camera_on":
		return f.states["camera"].value == "on"
	case "content_joined":
		return f.states["content"].value == "on"
	case "content_video_on":
		return f.states["video"].value == "on"
	case "transcription":
		return f.states["transcription"].value != ""
	case "transcription_interrupted":
		return f.states["transcription"].value == "interrupted"
	}
	for _, y := range k.came {
		subject := subjectOf(&y.Entry)
		there := strings.HasPrefix(subject, "attendee") && y.Role != pipeline.RoleService && k.facts(subject).states["presence"].value == "on"
		if there || y.isMove() && !y.left && y != x {
			return false
		}
	}
	return true
}

func (k *causalMeeting) lacks(x *thing) []string {
	l, _ := x.law()
	missing := map[string]bool{}
	var ask func(rule string)
	ask = func(rule string) {
		if rule != "" && !missing[rule] && !k.met(x, rule) {
			missing[rule] = true
			ask(implies[rule])
		}
	}
	for rule := range strings.FieldsSeq(l.needs) {
		ask(rule)
	}
	return slices.DeleteFunc(slices.Clone(ruleOrder), func(r string) bool { return !missing[r] })
}

// late reports whether x comes after something that it must precede, and by how much.
func (k *causalMeeting) late(x *thing) (bool, int64) {
	l, _ := x.law()
	late, newest := false, int64(-1<<62)
	for _, y := range k.left {
		f, known := y.law()
		if !known || y.IsLate {
			continue
		}
		same := subjectOf(&x.Entry) == subjectOf(&y.Entry)
		must := same && has(f.after, short(x)) || short(x) == "MeetingStarted" && short(y) != "MeetingStarted" || short(y) == "MeetingEnded" && x.isMove()
		if must {
			newest = max(newest, y.Time)
			late = late || y.Time > x.Time
			if same && y.Time == x.Time && f.rank > l.rank {
				late = late || len(slices.DeleteFunc(k.lacks(x), func(r string) bool { return r == "departed" })) > 0
			}
		}
		for r := range strings.SplitSeq(y.Gap, ",") {
			if has(l.gives, r) && (same || r == "started" || r == "all_departed") {
				newest = max(newest, y.Time)
				late = late || y.Time >= x.Time
			}
		}
	}
	return late, newest - x.Time
}

// ready returns an event that may leave now, nil when there is none.
func (k *causalMeeting) ready(subject string) *thing {
	var first *thing
	for _, x := range k.waiting() {
		if s := subjectOf(&x.Entry); s != subject {
			continue
		}
		if first == nil {
			first = x
		}
		if x.Time == first.Time && len(k.lacks(x)) == 0 {
			return x
		}
	}
	return nil
}

func (k *causalMeeting) front(subject string) *thing {
	w := k.waiting()
	return w[slices.IndexFunc(w, func(x *thing) bool { return subjectOf(&x.Entry) == subject })]
}
