package simulate

// attend adds the life of one person in the meeting. One in twenty is invited and never comes.
func (s *script) attend(who int) {
	added := s.between(1, 2)
	if s.chance(0.3) {
		added = s.between(2, s.length/2)
	}
	s.add(added, attendeeAdded, who)
	if s.chance(0.05) {
		return
	}
	authorized := added + s.between(2, 8)
	s.add(authorized, attendeeAuthorized, who)
	joined := authorized + s.between(1, 9)
	leave := max(s.leaving(), joined+5)
	s.stay(who, joined, leave)
	if s.chance(0.1) {
		s.add(leave+s.between(1, 3), attendeeDeleted, who)
	}
}

// leaving draws when somebody goes.
func (s *script) leaving() float64 {
	if s.crowdLeaves {
		return s.between(s.length-1, s.length)
	}
	return s.between(0.7*s.length, s.length)
}

// stay adds one presence or, when the connection breaks, several.
func (s *script) stay(who int, joined, leave float64) {
	s.add(joined, attendeeJoined, who)
	for leave-joined > 40 && s.chance(0.2) {
		dropped := s.between(joined+10, leave-25)
		s.present(who, joined, dropped)
		s.add(dropped, attendeeDropped, who)
		joined = s.rejoin(who, dropped, leave-10)
	}
	s.present(who, joined, leave)
	if s.chance(0.9) {
		s.add(leave, attendeeLeft, who)
	} else {
		s.add(leave, attendeeDropped, who)
	}
}

// rejoin adds the Joined after a drop and returns its time: at once after a change of network (in the same millisecond or
// the same second), else once the client found its way back.
func (s *script) rejoin(who int, dropped, latest float64) float64 {
	switch roll := s.Float64(); {
	case roll < 0.3 && s.rejoins:
		s.moments = append(s.moments, moment{at: dropped, kind: attendeeJoined, who: who, rejoin: true})
		return dropped
	case roll < 0.6:
		at := dropped + s.between(0.05, 0.9)
		s.add(at, attendeeJoined, who)
		return at
	}
	at := min(dropped+s.between(10, 60), latest)
	s.add(at, attendeeJoined, who)
	return at
}

// present adds what a person does between joining and departing.
func (s *script) present(who int, from, to float64) {
	if s.chance(0.7) {
		s.film(who, from, to)
	}
	if to-from > 20 && s.chance(0.15) {
		s.share(who, from, to)
	}
	if s.chance(0.05) {
		s.add(s.between(from+1, to-1), capabilitiesUpdated, who)
	}
}

// film adds the camera: on a few seconds after joining, off and on again, off at the latest with the departure.
func (s *script) film(who int, from, to float64) {
	for on := from + s.between(1, 4); on < to-2; {
		off := on + s.between(30, 400)
		if off > to-1 {
			off = to - float64(s.IntN(2))*0.2
		}
		s.add(on, videoStarted, who)
		s.add(off, videoStopped, who)
		on = off + s.between(5, 120)
	}
}

// share adds a content share. One in ten outlives the connection of its owner by a moment.
func (s *script) share(who int, from, to float64) {
	joined := s.between(from+5, to-10)
	started := joined + s.between(0.5, 1.2)
	stopped := s.between(started+1, to-1)
	ended := stopped + s.between(0.05, 0.4)
	if s.chance(0.1) {
		ended = to + 0.3
	}
	s.add(joined, contentJoined, who)
	s.add(started, contentVideoStarted, who)
	s.add(stopped, contentVideoStopped, who)
	if s.chance(0.8) {
		s.add(ended, contentLeft, who)
	} else {
		s.add(ended, contentDropped, who)
	}
}
