package simulate

import (
	"errors"
	"fmt"
	"time"
)

// Path is one way by which notifications reach a router.
type Path string

const (
	// PathSQS is a queue that Chime writes to itself: the body is the notification without id and resources.
	PathSQS Path = "sqs"
	// PathSNS is a topic that Chime publishes to itself: the body is the content of Message, in the shape of PathSQS. The
	// topic wraps it.
	PathSNS Path = "sns"
	// PathEventBridge is a rule on the default bus: the body is the whole envelope.
	PathEventBridge Path = "eventbridge"
)

// PathProfile says how one path behaves. All of its draws are independent of the other paths.
type PathProfile struct {
	// Path is which one; each at most once in a Profile.
	Path Path
	// Median is the delay from event time to arrival that half of the deliveries exceed; more than 0. The delay is
	// log-normal.
	Median time.Duration
	// P99 is the delay that one delivery in a hundred exceeds; at least Median.
	P99 time.Duration
	// Skew is added to every delay of the path; 0 or more.
	Skew time.Duration
	// Loss is the share of events that this path never carries, 0 to 1.
	Loss float64
	// Repeat is the share of carried events that the path delivers a second time, 0 to 1.
	Repeat float64
	// RepeatAfter is the mean time between a delivery and its repeat, exponentially distributed; more than 0 when Repeat is.
	RepeatAfter time.Duration
	// StallEvery and StallLength make bursts: once in every StallEvery, at a moment of its own choice, the path holds back
	// what would arrive during StallLength and then delivers all of it within 20 ms in random order. 0: no stalls.
	// StallLength is at most StallEvery.
	StallEvery, StallLength time.Duration
}

// Range is a number of attendees; both ends are included.
type Range struct{ Min, Max int }

// Span is a length of time; both ends are included.
type Span struct{ Min, Max time.Duration }

// Profile is everything a run is made from: the same Profile gives the same Truth and the same plan, byte for byte on one
// processor architecture.
type Profile struct {
	// Seed chooses the run among all that the other fields allow.
	Seed uint64
	// Start is when the first meeting may start; whole milliseconds, not before 2015.
	Start time.Time
	// Meetings is how many there are; 1 or more.
	Meetings int
	// Attendees is how many people a meeting has; 1 to 1000. The attendee of a media pipeline comes on top.
	Attendees Range
	// Length is how long a meeting lasts in life; 1 minute or more.
	Length Span
	// Duration is the time from Start within which everything happens; 1 s or more. When Length does not fit into it, life
	// runs faster: all gaps shrink by one factor. Events of a meeting stay 1 ms apart, so a meeting with more events than
	// milliseconds runs over.
	Duration time.Duration
	// StartSpread is the share of Duration during which meetings start, 0 to 0.9; the rest is room for the longest.
	StartSpread float64
	// EqualTimestamps is the share of events, 0 to 1, that take the timestamp of the event before them in their meeting,
	// however long ago that was, if the order of the two can still be told. 0: all timestamps of a meeting differ.
	EqualTimestamps float64
	// Variety is the share of bodies, 0 to 1, written with shuffled fields and with white space.
	Variety float64
	// Paths are one to three, each once.
	Paths []PathProfile
	// Unreadable is how many bodies that no one can read come with every delivery of an event, 0 to 1; when it is not 0
	// there is at least one.
	Unreadable float64
	// CloudTrail is how many CloudTrail records come over PathEventBridge with every delivery of an event, 0 to 1; when it is
	// not 0 there is at least one. It needs that path.
	CloudTrail float64
}

// Demo returns the default profile: 40 meetings of 2 to 8 people within 15 s. The delays of SQS and SNS have a median of
// 60 ms and a 99th percentile of 400 ms, EventBridge is slower by half; each path loses 2 % and repeats 5 % after half a
// second, and stalls for 300 ms once in 5 s. Nothing comes late for a window of 2 s.
func Demo(seed uint64, start time.Time) Profile {
	return Profile{
		Seed:            seed,
		Start:           start.Truncate(time.Millisecond),
		Meetings:        40,
		Attendees:       Range{Min: 2, Max: 8},
		Length:          Span{Min: 5 * time.Minute, Max: 20 * time.Minute},
		Duration:        15 * time.Second,
		StartSpread:     0.4,
		EqualTimestamps: 0.05,
		Variety:         0.2,
		Paths: []PathProfile{
			demoPath(PathSQS, 60*time.Millisecond, 400*time.Millisecond),
			demoPath(PathSNS, 60*time.Millisecond, 400*time.Millisecond),
			demoPath(PathEventBridge, 90*time.Millisecond, 600*time.Millisecond),
		},
		Unreadable: 0.002,
		CloudTrail: 0.002,
	}
}

func demoPath(path Path, median, p99 time.Duration) PathProfile {
	return PathProfile{
		Path:        path,
		Median:      median,
		P99:         p99,
		Loss:        0.02,
		Repeat:      0.05,
		RepeatAfter: 500 * time.Millisecond,
		StallEvery:  5 * time.Second,
		StallLength: 300 * time.Millisecond,
	}
}

// Validate joins every problem; each begins with the name of its field.
func (p Profile) Validate() error {
	errs := []error{
		want(p.Meetings >= 1, "meetings: %d is less than 1", p.Meetings),
		want(p.Attendees.Min >= 1 && p.Attendees.Min <= p.Attendees.Max && p.Attendees.Max <= 1000,
			"attendees: %d to %d is no range within 1 to 1000", p.Attendees.Min, p.Attendees.Max),
		want(p.Length.Min >= time.Minute && p.Length.Min <= p.Length.Max,
			"length: %s to %s is no range from 1m up", p.Length.Min, p.Length.Max),
		want(p.Duration >= time.Second, "duration: %s is less than 1s", p.Duration),
		want(p.Start.Year() >= 2015, "start: %s is before 2015", p.Start.Format(time.RFC3339)),
		want(p.Start.Equal(p.Start.Truncate(time.Millisecond)), "start: want whole milliseconds"),
		want(p.StartSpread >= 0 && p.StartSpread <= 0.9, "start_spread: %v is outside 0 to 0.9", p.StartSpread),
		share("equal_timestamps", p.EqualTimestamps),
		share("variety", p.Variety),
		share("unreadable", p.Unreadable),
		share("cloud_trail", p.CloudTrail),
		want(len(p.Paths) > 0, "paths: there is none"),
	}
	known := map[Path]bool{PathSQS: true, PathSNS: true, PathEventBridge: true}
	seen := map[Path]bool{}
	for _, path := range p.Paths {
		errs = append(errs, path.validate(),
			want(known[path.Path], "paths: %q is none of sqs, sns, eventbridge", path.Path),
			want(!seen[path.Path], "paths: %q is there twice", path.Path))
		seen[path.Path] = true
	}
	errs = append(errs, want(p.CloudTrail == 0 || seen[PathEventBridge], "cloud_trail: needs the path eventbridge"))
	return errors.Join(errs...)
}

func (p PathProfile) validate() error {
	name := "paths." + string(p.Path)
	return errors.Join(
		want(p.Median > 0, "%s.median: %s is not more than 0", name, p.Median),
		want(p.P99 >= p.Median, "%s.p99: %s is less than the median", name, p.P99),
		want(p.Skew >= 0, "%s.skew: %s is less than 0", name, p.Skew),
		share(name+".loss", p.Loss),
		share(name+".repeat", p.Repeat),
		want(p.Repeat == 0 || p.RepeatAfter > 0, "%s.repeat_after: %s is not more than 0", name, p.RepeatAfter),
		want(p.StallLength >= 0 && p.StallLength <= p.StallEvery, "%s.stall_length: %s is outside 0 to %s", name,
			p.StallLength, p.StallEvery),
	)
}

func want(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func share(name string, v float64) error {
	return want(v >= 0 && v <= 1, "%s: %v is outside 0 to 1", name, v)
}
