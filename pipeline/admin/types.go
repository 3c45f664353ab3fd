package admin

import (
	"encoding/base64"
	"time"
	"unicode/utf8"

	"carillon/pipeline/journal"
)

// Problem is the body of every answer that is not 200.
type Problem struct {
	Error string `json:"error"`
}

// Sink is one sink that has a position.
type Sink struct {
	ID string `json:"id"`
	// State is delivering, out (accepts nothing), held (rejects too much), stopped, or gone (from the configuration).
	State string `json:"state"`
	// Since is when it began; left out for delivering and stopped.
	Since *time.Time `json:"since,omitempty"`
	// Reason is what the sink said last, left out while it delivers and every event of the last call was accepted.
	Reason string `json:"reason,omitempty"`
	// Waiting is how many events it has still to get, those of parked meetings not counted.
	Waiting uint64 `json:"waiting"`
	// Dead is how many dead letters it has.
	Dead int `json:"dead"`
	// Forgotten is when a sink that is gone will be forgotten.
	Forgotten *time.Time `json:"forgotten,omitempty"`
	// Heir is the id under which it goes on at the next start.
	Heir string `json:"heir,omitempty"`
}

// Sinks answers GET sinks.
type Sinks struct {
	Sinks []Sink `json:"sinks"`
}

// Rename is the body of POST sinks/{id}/rename.
type Rename struct {
	To string `json:"to"`
}

// DeadLetter is one event that a sink gave up.
type DeadLetter struct {
	// Place is where it is in DEAD. It changes when the event is redriven and not accepted.
	Place    uint64 `json:"place"`
	Sink     string `json:"sink"`
	ID       string `json:"id"`
	Meeting  string `json:"meeting"`
	Kind     string `json:"kind"`
	Attendee string `json:"attendee,omitempty"`
	// Time is when it happened, Died when it was given up.
	Time     time.Time `json:"time"`
	Died     time.Time `json:"died"`
	Reason   string    `json:"reason"`
	Excerpt  string    `json:"excerpt,omitempty"`
	Attempts int       `json:"attempts"`
	Sequence uint64    `json:"sequence"`
	Source   string    `json:"source"`
	Bytes    int       `json:"bytes"`
	// Stripped says that the body was left out; EVENTS has it.
	Stripped bool `json:"stripped,omitempty"`
	Body
}

// DeadLetters answers GET dead.
type DeadLetters struct {
	Dead []DeadLetter `json:"dead"`
	// Next is the place to ask for as after for more; 0 when there is none.
	Next uint64 `json:"next,omitempty"`
}

// Quarantined is one notification that could not be read.
type Quarantined struct {
	// Place is where it begins in QUARANTINE.
	Place    uint64    `json:"place"`
	Source   string    `json:"source"`
	Received time.Time `json:"received"`
	Reason   string    `json:"reason"`
	Trace    string    `json:"trace,omitempty"`
	Bytes    int       `json:"bytes"`
	// Missing is how many of its parts are lost.
	Missing int `json:"missing,omitempty"`
	Body
}

// QuarantineList answers GET quarantine.
type QuarantineList struct {
	Quarantine []Quarantined `json:"quarantine"`
	Next       uint64        `json:"next,omitempty"`
}

// Body is what was received; both are left out in lists.
type Body struct {
	Text   string `json:"body,omitempty"`
	Base64 string `json:"body_base64,omitempty"`
}

// Bytes returns the body.
func (b *Body) Bytes() []byte {
	if b.Base64 != "" {
		raw, _ := base64.StdEncoding.DecodeString(b.Base64) // It was made by newBody.
		return raw
	}
	return []byte(b.Text)
}

func newBody(raw []byte) Body {
	if utf8.Valid(raw) {
		return Body{Text: string(raw)}
	}
	return Body{Base64: base64.StdEncoding.EncodeToString(raw)}
}

func newDeadLetter(d *journal.DeadLetter) DeadLetter {
	return DeadLetter{
		Place: d.Place, Sink: d.Sink, ID: d.ID.String(), Meeting: d.Key, Kind: d.Kind, Attendee: d.Attendee, Time: d.Time, Died: d.Died,
		Reason: d.Reason, Excerpt: d.Excerpt, Attempts: d.Attempts, Sequence: d.Sequence, Source: d.Source, Bytes: len(d.Body), Stripped: d.Stripped,
	}
}

func newQuarantined(r *journal.QuarantineRecord) Quarantined {
	return Quarantined{
		Place: r.Place, Source: r.Source, Received: r.Received, Reason: r.Reason, Trace: r.Trace, Bytes: r.Size, Missing: r.Missing,
	}
}

// DeadFilter chooses dead letters: all that match every field that is set.
type DeadFilter struct {
	Sink    string `json:"sink,omitempty"`
	Meeting string `json:"meeting,omitempty"`
	// Kind is a pattern, * for any run of characters.
	Kind string `json:"kind,omitempty"`
	// Reason is a part of the reason, in whatever case.
	Reason string `json:"reason,omitempty"`
	// IDs are identities of events, or their beginnings.
	IDs []string `json:"ids,omitempty"`
	// Places are where they are, as list shows it.
	Places []uint64 `json:"places,omitempty"`
	// From and To bound when they died, RFC 3339, To not included.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// QuarantineFilter chooses quarantined records: all that match every field that is set.
type QuarantineFilter struct {
	Source string `json:"source,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Places are where they begin, as list shows it.
	Places []uint64 `json:"places,omitempty"`
	// From and To bound when they were received, RFC 3339, To not included.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// DeadJob is the body of POST dead/redrive and dead/drop.
type DeadJob struct {
	DeadFilter
	// All must be set when nothing else chooses.
	All bool `json:"all,omitempty"`
	// DryRun only counts.
	DryRun bool `json:"dry_run,omitempty"`
}

// QuarantineJob is the body of POST quarantine/retry and quarantine/drop.
type QuarantineJob struct {
	QuarantineFilter
	All    bool `json:"all,omitempty"`
	DryRun bool `json:"dry_run,omitempty"`
}

// ReplayJob is the body of POST replay.
type ReplayJob struct {
	Sink string `json:"sink"`
	// From and To bound when the events were stored, RFC 3339, To not included.
	From string `json:"from"`
	To   string `json:"to"`
	// Meeting is one meeting; empty: all.
	Meeting string `json:"meeting,omitempty"`
	DryRun  bool   `json:"dry_run,omitempty"`
}

// Line is one line of a long answer.
type Line struct {
	// Failed is something that was not done.
	Failed *Failure `json:"failed,omitempty"`
	// Counts is how many were done so far, by what came of them.
	Counts map[string]int `json:"counts,omitempty"`
	// Done says that these are the last counts.
	Done bool `json:"done,omitempty"`
	// Error is why it ended before its end.
	Error string `json:"error,omitempty"`
}

// Failure is one thing that was not done, and why.
type Failure struct {
	// Place is where it is; 0 for an event of a replay.
	Place   uint64 `json:"place,omitempty"`
	Sink    string `json:"sink,omitempty"`
	Meeting string `json:"meeting,omitempty"`
	ID      string `json:"id,omitempty"`
	Result  string `json:"result"`
	Reason  string `json:"reason,omitempty"`
}
