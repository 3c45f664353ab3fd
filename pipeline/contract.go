package pipeline

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Source takes notifications from one place.
type Source interface {
	// Run takes notifications and hands them to out until ctx ends, then returns nil after everything it started has
	// stopped. Cancelling means "stop taking": what was already handed to out is waited for, so that it can be
	// acknowledged upstream. Run acknowledges upstream only what Emit confirmed (I1). An error that Run can mend by
	// trying again is logged and retried inside; a returned error means that this source cannot go on. Run is called once.
	Run(ctx context.Context, out Emitter) error
}

// Emitter stores notifications. It is safe for concurrent use.
type Emitter interface {
	// Emit returns nil once every notification is stored or filtered (I1), and blocks as long as that takes: blocking is the
	// back-pressure (I6). A *BatchError tells by index which were not stored; any other error means that none is known to
	// be. Notifications that failed may have been stored all the same: emit them again, copies are harmless. When ctx
	// ends Emit returns its error at once.
	Emit(ctx context.Context, ns ...Notification) error
}

// Sink forwards events to one place.
type Sink interface {
	// Write sends events and returns nil once all of them are accepted for good. Events of one meeting are in order
	// within the slice, and the next Write for a meeting comes only after this one returned; Writes of different meetings
	// run concurrently. A *BatchError tells by index which were not accepted; any other error means that none was. The
	// class of each error (see Classify) decides what happens next. After the failure of an event a Sink must not accept
	// a later event of the same meeting in the same call (I5). Write returns soon after ctx ends.
	Write(ctx context.Context, events []Event) error
	// Close waits for what is in flight and frees what the sink holds. No Write follows. It is called once, even when
	// nothing was written.
	Close(ctx context.Context) error
}

// Batcher is what a Sink implements to get more than one event in a Write.
type Batcher interface {
	// MaxBatch is how many events one Write may carry, 1 or more. A meeting may have several of them.
	MaxBatch() int
}

// Starter is what a Source or Sink implements when it wants to fail early: Start is called once, before Run or the first
// Write, and an error stops the whole router from starting.
type Starter interface {
	Start(ctx context.Context) error
}

// Checker is what a Source or Sink implements that can tell beforehand whether it will reach what it takes from or writes to.
type Checker interface {
	// Check looks, and changes nothing there. It comes right after New, in place of Start; a Sink is closed after it. It returns what
	// it found, in a few words, or an error that says what is missing and what mends it. Neither holds a secret. It returns soon
	// after ctx ends.
	Check(ctx context.Context) (string, error)
}

// Keeper is what a Source implements when what it takes from keeps a notification until it is acknowledged, or gives it up.
type Keeper interface {
	// Keeps returns how long that is, 0 when it is not known. It is asked once, after Start. What is kept longer than copies
	// are recognised may come again as a new event.
	Keeps() time.Duration
}

// Mux is the part of the shared HTTP listener that a receiver sees.
type Mux interface {
	// Handle serves path with h. Two handlers for one path are an error that names both.
	Handle(path string, h http.Handler) error
}

// Config is the user's part of a component: decoded from YAML over the defaults.
type Config interface {
	// Validate joins every problem it finds; each begins with its key path within the component ("queue_url: ...").
	Validate() error
}

// PathUser is what the Config of a source implements when it has the key path and may do without it.
type PathUser interface {
	// UsesPath tells whether the source will take its path of the shared listener.
	UsesPath() bool
}

// Settings is the code's part of a component. A component uses these and nothing global.
type Settings struct {
	// ID is the name the user gave the component: the key under sources: or sinks:.
	ID string
	// Logger carries the component's id already.
	Logger *slog.Logger
	// Registerer adds the label source or sink with the component's id to whatever is registered.
	Registerer prometheus.Registerer
	// Clock tells the time; time.Now outside tests.
	Clock func() time.Time
	// HTTP is the shared listener of the receivers; nil for sinks.
	HTTP Mux
}
