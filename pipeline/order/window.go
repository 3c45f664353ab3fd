package order

import (
	"time"

	"carillon/pipeline/chime"
)

// arrival is what mode adaptive looks at of a copy.
type arrival struct {
	key    string
	id     chime.Identity
	source string
	time   int64
}

func (e *Entry[P]) arrival() arrival {
	return arrival{key: e.Key, id: e.ID, source: e.Source, time: e.Time}
}

// window tells for how long an event is held.
type window interface {
	// observe takes a copy that arrived at now; first says that it is the first of its event.
	observe(now time.Time, a arrival, first bool)
	// current returns the window at this moment.
	current() time.Duration
	// forget drops what is known of a meeting.
	forget(key string)
}

func newWindow(c Config) window {
	if c.Mode == ModeAdaptive {
		return newAdaptive(c)
	}
	return fixed(c.Window)
}

// fixed is a window that stays as it is.
type fixed time.Duration

func (fixed) observe(time.Time, arrival, bool) {}

func (f fixed) current() time.Duration { return time.Duration(f) }

func (fixed) forget(string) {}
