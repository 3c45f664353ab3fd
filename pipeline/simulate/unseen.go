package simulate

import "slices"

// UnseenSwaps counts those lifecycle violations of Report that nobody could have seen who knows only what had come out before:
// with the event that came too early, what had come out of its subject was a life that can be. Such is a departure before a whole
// camera session in it, the later one of two sessions before the whole earlier one, or, while nobody of the meeting was seen to
// be authorized before joining, a join before its authorization: some documents have none.
func (s *Score) UnseenSwaps() int {
	unseen := 0
	for m := range s.truth.Meetings {
		seen := newWitness()
		early := s.early(s.truth.Meetings[m])
		for _, i := range s.delivered[m] {
			possible := seen.see(&s.truth.Events[i])
			if possible && early[i] {
				unseen++
			}
		}
	}
	return unseen
}

// early returns the events that lifecycle counts.
func (s *Score) early(m Meeting) map[int]bool {
	type step struct{ subject, kind string }
	last := map[step]int{}
	early := map[int]bool{}
	for i := m.From; i < m.To; i++ {
		e := &s.truth.Events[i]
		for _, kind := range kinds[e.Kind].after {
			before, ok := last[step{e.subject(), kind}]
			if kind == meetingStarted {
				before, ok = m.From, i > m.From
			}
			if ok && s.sights[i].pos != undelivered && s.sights[before].pos > s.sights[i].pos {
				early[i] = true
				break
			}
		}
		last[step{e.subject(), e.Kind}] = i
	}
	return early
}

// witness follows a meeting through what comes out of it.
type witness struct {
	started    bool
	authorizes bool // somebody was authorized before joining
	lives      map[string]*lifeSeen
}

// lifeSeen is what was seen of one subject. What is older than what set a state last does not change it.
type lifeSeen struct {
	added, authorized    bool
	joined               bool // at any time
	states               map[dimension]seenState
	transcribing, broken seenState
	inProgress           bool
}

// seenState is a state and the index of the event that set it.
type seenState struct {
	on bool
	by int
}

func (s *seenState) set(on bool, by int) {
	if by >= s.by {
		s.on, s.by = on, by
	}
}

func newWitness() *witness { return &witness{lives: map[string]*lifeSeen{}} }

// see takes the next event and says whether it could follow what came before.
func (w *witness) see(e *Event) bool {
	l := w.lives[e.subject()]
	if l == nil {
		l = &lifeSeen{states: map[dimension]seenState{}}
		w.lives[e.subject()] = l
	}
	possible := (w.started || e.Kind == meetingStarted) && l.allows(e) &&
		(e.Kind != attendeeJoined || !w.authorizes || l.authorized || service(e))
	w.started = w.started || e.Kind == meetingStarted
	w.authorizes = w.authorizes || e.Kind == attendeeAuthorized && !l.joined
	l.take(e)
	return possible
}

func (l *lifeSeen) on(d dimension) bool { return l.states[d].on }

// allows says whether the state allows e.
func (l *lifeSeen) allows(e *Event) bool {
	switch e.Kind {
	case attendeeAuthorized, capabilitiesUpdated:
		return l.added
	case attendeeJoined:
		return (l.added || service(e)) && !l.on(presence)
	case attendeeLeft, attendeeDropped:
		return l.on(presence) && !l.on(camera)
	case attendeeDeleted:
		return l.added && !l.on(presence)
	case videoStarted:
		return l.on(presence) && !l.on(camera)
	case videoStopped:
		return l.on(camera)
	case contentJoined:
		return l.on(presence) && !l.on(contentConnection)
	case contentVideoStarted:
		return l.on(contentConnection) && !l.on(contentVideo)
	case contentVideoStopped:
		return l.on(contentVideo)
	case contentLeft, contentDropped:
		return l.on(contentConnection) && !l.on(contentVideo)
	case transcribeBroken:
		return l.transcribing.on && !l.broken.on
	case transcribeResumed:
		return l.broken.on
	case transcribeStopped:
		return l.transcribing.on
	case pipelineDeleted:
		return l.inProgress
	}
	return true
}

// take changes the state by e.
func (l *lifeSeen) take(e *Event) {
	switch e.Kind {
	case attendeeAdded:
		l.added = true
	case attendeeAuthorized:
		l.authorized = true
	case attendeeJoined:
		l.joined = true
	case transcribing, transcribeStopped:
		l.transcribing.set(e.Kind == transcribing, e.Index)
		l.broken.set(false, e.Index)
	case transcribeBroken, transcribeResumed:
		l.broken.set(e.Kind == transcribeBroken, e.Index)
	case pipelineInProgress:
		l.inProgress = true
	}
	if d := kinds[e.Kind].dimension; d != noDimension {
		s := l.states[d]
		s.set(opens(e.Kind), e.Index)
		l.states[d] = s
	}
}

// opens says whether a kind switches its dimension on.
func opens(kind string) bool {
	switch kind {
	case attendeeJoined, videoStarted, contentJoined, contentVideoStarted:
		return true
	}
	return false
}

// service says whether the attendee of e is a media pipeline, which nobody adds.
func service(e *Event) bool {
	return slices.ContainsFunc(e.fields, func(f field) bool {
		return f.name == "externalUserId" && len(f.value) > len(pipelineUser) && f.value[1:1+len(pipelineUser)] == pipelineUser
	})
}

const pipelineUser = "aws:MediaPipeline-"
