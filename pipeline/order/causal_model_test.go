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
	"Authorized":               {rank: 2, needs: "started added", gives: "authorized", after: "Added"},
	"Joined":                   {rank: 3, needs: "started added authorized departed", gives: "joined", after: adds + moves + films + "ContentJoined"},
	"CapabilitiesUpdated":      {rank: 4, needs: "added", after: "Added"},
	"VideoStarted":             {rank: 5, needs: "joined camera_off", gives: "camera_on", after: adds + moves + films},
	"ContentJoined":            {rank: 6, needs: "joined content_departed", gives: "content_joined", after: adds + moves + shares},
	"ContentVideoStarted":      {rank: 7, needs: "content_joined content_video_off", gives: "content_video_on", after: shares},
	"ScreenShareStarted":       {rank: 8, needs: "joined content_video_off", gives: "content_video_on", after: shares},
	"TranscriptionStarted":     {rank: 9, needs: "started", gives: "transcription", after: scribes},
	"TranscriptionInterrupted": {rank: 10, needs: "transcription", gives: "transcription_interrupted", after: scribes},
	"TranscriptionResumed":     {rank: 11, needs: "transcription_interrupted", after: scribes},
	"TranscriptionStopped":     {rank: 12, needs: "transcription", after: scribes},
	"TranscriptionFailed":      {rank: 13, after: scribes},
	"ContentVideoStopped":      {rank: 14, needs: "content_video_on", gives: "content_video_off", after: shares},
	"ScreenShareStopped":       {rank: 14, needs: "content_video_on", gives: "content_video_off", after: shares},
	"ContentLeft":              {rank: 15, needs: "content_joined content_video_off", gives: "content_departed", after: shares},
	"ContentDropped":           {rank: 15, needs: "content_joined content_video_off", gives: "content_departed", after: shares},
	"VideoStopped":             {rank: 16, needs: "camera_on", gives: "camera_off", after: adds + moves + films},
	"Left":                     {rank: 17, needs: "joined camera_off", gives: "departed all_departed", after: adds + moves + films + "ContentJoined"},
	"Dropped":                  {rank: 17, needs: "joined camera_off", gives: "departed all_departed", after: adds + moves + films + "ContentJoined"},
	"Deleted":                  {rank: 18, needs: "added departed", after: adds + moves + films + shares + "CapabilitiesUpdated"},
	"MeetingEnded":             {rank: 19, needs: "started all_departed", after: moves},
}

// implies says what else may be missing when a rule is not met, ruleOrder in which order rules are named.
var (
	implies = map[string]string{
		"added": "started", "joined": "added", "camera_on": "joined", "content_joined": "joined", "content_video_on": "content_joined",
		"transcription": "started", "transcription_interrupted": "transcription",
	}
	// about says which state a rule is about, and what it is to be.
	about = map[string][2]string{
		"joined": {"presence", "on"}, "departed": {"presence", ""}, "camera_on": {"camera", "on"}, "camera_off": {"camera", ""},
		"content_joined": {"content", "on"}, "content_departed": {"content", ""}, "content_video_on": {"video", "on"}, "content_video_off": {"video", ""},
		"transcription": {"transcription", "on"}, "transcription_interrupted": {"transcription", "interrupted"},
	}
	ruleOrder = strings.Fields("started added authorized joined departed camera_on camera_off content_joined content_departed content_video_on content_video_off " +
		"transcription transcription_interrupted all_departed")
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

// word is the last that was said of a state of a subject.
type word struct {
	value string
	at    int64
	rank  int
	late  bool
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
		set := func(state, value string, late bool) {
			rank := laws[short(x)].rank
			if w, ok := f.states[state]; !ok || w.at < x.Time || w.at == x.Time && (!late || w.late && w.rank < rank) {
				f.states[state] = word{value, x.Time, rank, late}
			}
		}
		if !x.IsLate {
			for r := range strings.FieldsSeq(laws[short(x)].needs + " " + strings.ReplaceAll(x.Gap, ",", " ")) {
				if !has("authorized camera_off content_video_off", r) || slices.Contains(strings.Split(x.Gap, ","), r) {
					f.assume(r, x.Time, func(state, value string) { set(state, value, false) })
				}
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

func (f *facts) assume(rule string, at int64, set func(state, value string)) {
	switch {
	case rule == "added":
		f.added = true
	case rule == "authorized":
		f.authorized = max(f.authorized, at)
	case about[rule] != [2]string{}:
		set(about[rule][0], about[rule][1])
	}
}

// holds reports whether a rule about one subject is met by what left.
func (f *facts) holds(rule string) bool {
	switch rule {
	case "added":
		return f.added
	case "authorized":
		return f.authorized > -1<<62
	case "departed":
		return f.states["presence"].value != "on" || max(f.authorized, f.departed) > f.joined
	case "transcription":
		return f.states["transcription"].value != ""
	}
	w, set := f.states[about[rule][0]]
	if set && about[rule][0] == "camera" && f.anew() {
		w.value = ""
	}
	return w.value == about[rule][1]
}

// anew reports whether the attendee has left and come back since the camera was switched last.
func (f *facts) anew() bool { return f.joined >= f.departed && f.departed > f.states["camera"].at }

// authorizes reports whether an attendee was authorized before joining first, by a record before that of x.
func (k *causalMeeting) authorizes(x *thing) bool {
	first := map[string]*thing{}
	joined := map[string]int64{}
	for _, y := range k.left {
		subject := subjectOf(&y.Entry)
		have, ok := first[subject]
		if short(y) == "Authorized" && !y.IsLate && strings.HasPrefix(subject, "attendee") &&
			(!ok || y.Time < have.Time || y.Time == have.Time && y.Raw < have.Raw) {
			first[subject] = y
		}
		if at, ok := joined[subject]; short(y) == "Joined" && (!ok || y.Time < at) {
			joined[subject] = y.Time
		}
	}
	for subject, y := range first {
		if at, ok := joined[subject]; y.Raw < x.Raw && (!ok || y.Time <= at) {
			return true
		}
	}
	return false
}

func (k *causalMeeting) met(x *thing, rule string) bool {
	subject := subjectOf(&x.Entry)
	f := k.facts(subject)
	nobodyAdds := x.Role == pipeline.RoleService || strings.HasPrefix(subject, "content")
	switch rule {
	case "started":
		return slices.ContainsFunc(k.left, func(y *thing) bool {
			missed := strings.Contains(y.Gap, "started")
			taken := missed && !has(adds, short(y)) || !missed && has(laws[short(y)].needs, "started")
			return short(y) == "MeetingStarted" || taken && !y.IsLate && subjectOf(&y.Entry) == subject
		})
	case "added":
		return nobodyAdds || f.holds(rule)
	case "authorized":
		return nobodyAdds || !k.authorizes(x) || f.holds(rule)
	case "camera_off":
		return f.holds(rule) || has("Left Dropped", short(x)) && has("VideoStopped", k.next(x, films+moves))
	case "content_video_off":
		return f.holds(rule) || has("ContentLeft ContentDropped", short(x)) && has("ContentVideoStopped ScreenShareStopped", k.next(x, shares))
	case "all_departed":
		return k.deserted(x)
	}
	return f.holds(rule)
}

// next returns what waits next of some kinds, of the subject of x and after its time.
func (k *causalMeeting) next(x *thing, kinds string) string {
	for _, y := range k.waiting() {
		if subjectOf(&y.Entry) == subjectOf(&x.Entry) && y.Time > x.Time && has(kinds, short(y)) {
			return short(y)
		}
	}
	return ""
}

// deserted reports whether nobody is there and nobody but x comes or goes.
func (k *causalMeeting) deserted(x *thing) bool {
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
		if rule == "" || missing[rule] || k.met(x, rule) {
			return
		}
		missing[rule] = true
		if implied := implies[rule]; about[implied] == [2]string{} || !k.known(x, implied) {
			ask(implied)
		}
	}
	for rule := range strings.FieldsSeq(l.needs) {
		ask(rule)
	}
	return slices.DeleteFunc(slices.Clone(ruleOrder), func(r string) bool { return !missing[r] })
}

// known reports whether the state that a rule is about was set at the time of x or later.
func (k *causalMeeting) known(x *thing, rule string) bool {
	w, set := k.facts(subjectOf(&x.Entry)).states[about[rule][0]]
	return set && w.at >= x.Time
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
				late = late || slices.ContainsFunc(k.lacks(x), func(r string) bool {
					needed := has(l.needs, r) && !has("departed camera_off content_departed content_video_off", r)
					return needed && (about[r] == [2]string{} || k.known(x, r))
				})
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

// front returns what goes when nothing may: of what happened first, something that waits for more than the rest would give.
func (k *causalMeeting) front(subject string) *thing {
	w := slices.DeleteFunc(k.waiting(), func(x *thing) bool { return subjectOf(&x.Entry) != subject })
	w = slices.DeleteFunc(w, func(x *thing) bool { return x.Time != w[0].Time })
	var gives []string
	for _, x := range w {
		gives = append(gives, laws[short(x)].gives)
	}
	given := strings.Join(gives, " ")
	for _, x := range w {
		for _, r := range k.lacks(x) {
			if has(laws[short(x)].needs, r) && !has(given, r) {
				return x
			}
		}
	}
	return w[0]
}
