package bench

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Part is one of the measurements.
type Part string

// The measurements, in the order in which they run.
const (
	PartThroughput Part = "throughput"
	PartLatency    Part = "latency"
	PartMemory     Part = "memory"
	PartScale      Part = "scale"
	PartFrontier   Part = "frontier"
	// PartSource runs instead of all others when the options name a source.
	PartSource Part = "source"
	// PartSink runs instead of all others when the options name a sink.
	PartSink Part = "sink"
)

// Parts returns all measurements in the order in which they run.
func Parts() []Part {
	return []Part{PartThroughput, PartLatency, PartMemory, PartScale, PartFrontier}
}

// SinkMeetings is how many meetings there are by default when a sink is measured.
const SinkMeetings = 256

// smallScale is the number of meetings that throughput runs with and that the scaling table begins with.
const smallScale = 1000

// Options shape a run.
type Options struct {
	// For is how long throughput is measured; latency takes half as long for each mode. 100ms to 1h, default 20s.
	For time.Duration
	// Meetings is how many are active at once, 10 to 10,000,000, default 1000. Above 1000 the scaling table is part of the
	// run; throughput and latency stay with 1000.
	Meetings int
	// Rate is how many events per second latency is measured at, each in three copies. 1 to 100,000, default 1000.
	Rate int
	// Partitions is how many the journal has, 1 to 256, default as a router's.
	Partitions int
	// CeilingPartitions is how many the ceiling has, 0 to 256, default 0: as many as the router, so that the two differ only in
	// what the router itself does. One is the fastest, because there is one consumer of each stream.
	CeilingPartitions int
	// Disorder is the share of notifications, 0 to 1, that a path delivers up to 64 places too late. Default 0.1.
	Disorder float64
	// Only names the one part to run. Empty: all of them.
	Only Part
	// Seed chooses the traffic; Seeds is how many runs the frontier takes the mean and the worst of, 1 to 1000, default 3.
	Seed  uint64
	Seeds int
	// Dir is where the temporary directories are made. Empty: where the system wants them. What its disk needs for an fsync is
	// a good part of every figure.
	Dir string
	// CPUProfile is a file for a CPU profile of the router at the end of throughput, beside one of the ceiling in a file whose
	// name ends in .ceiling. Empty: no profiles.
	CPUProfile string
	// Source is the type of a source that is measured instead of the router. Empty: none; sqs: that one.
	Source string
	// Endpoint is the URL of an emulator of SQS, for Source. Empty: one in this process.
	Endpoint string
	// Pollers is how many long polls run side by side, for Source. 1 to 64, default 4.
	Pollers int
	// Sink is the type of a sink that is measured instead of the router, with so many Meetings in flight. Empty: none.
	Sink string
	// SinkURL is the database for the sink postgres, in which the bench makes a table of its own.
	SinkURL string
	// Events is how many each side of the comparison of Sink sends in a round, 100 to 10,000,000, default 50,000.
	Events int
	// size is small in tests.
	size size
}

// size is how much work the parts do where time does not say it.
type size struct {
	sliceEvents      int // of throughput
	warmup           time.Duration
	memoryMeetings   int
	coldMeetings     int
	scaleEvents      int
	frontierMeetings int // 0: as the profiles have
	sourceMessages   int
}

// Defaults returns the options of the default run.
func Defaults() Options {
	return Options{
		For: 20 * time.Second, Meetings: smallScale, Rate: 1000, Partitions: defaultPartitions(), Disorder: 0.1, Seed: 1, Seeds: 3,
		Pollers: 4, Events: 50_000,
		size: size{
			sliceEvents: 20_000, warmup: 2 * time.Second, memoryMeetings: 20_000, coldMeetings: 2000, scaleEvents: 20_000, sourceMessages: 10_000,
		},
	}
}

// sourceSQS is the one source that can be measured.
const sourceSQS = "sqs"

// parts returns the measurements of the run in their order.
func (o Options) parts() []Part {
	switch {
	case o.Source != "":
		return []Part{PartSource}
	case o.Sink != "":
		return []Part{PartSink}
	}
	return slices.DeleteFunc(Parts(), func(p Part) bool { return !o.wants(p) })
}

// wants reports whether p is part of a run of the router.
func (o Options) wants(p Part) bool {
	if o.Only != "" {
		return o.Only == p
	}
	return p != PartScale || o.Meetings > smallScale
}

// validate joins every problem of the options.
func (o Options) validate() error {
	errs := []error{
		within("--for", o.For, 100*time.Millisecond, time.Hour),
		within("--meetings", o.Meetings, 10, 10_000_000),
		within("--rate", o.Rate, 1, 100_000),
		within("--partitions", o.Partitions, 1, 256),
		within("--ceiling-partitions", o.CeilingPartitions, 0, 256),
		within("--seeds", o.Seeds, 1, 1000),
		within("--pollers", o.Pollers, 1, 64),
		within("--events", o.Events, 100, 10_000_000),
		o.validateSink(),
	}
	if o.Source != "" && o.Source != sourceSQS {
		errs = append(errs, fmt.Errorf("--source: %q is not %s", o.Source, sourceSQS))
	}
	if o.Source != "" && o.Only != "" {
		errs = append(errs, errors.New("--source: measures that source alone; leave out --only"))
	}
	if !(o.Disorder >= 0 && o.Disorder <= 1) {
		errs = append(errs, fmt.Errorf("--disorder: %v is outside 0 to 1", o.Disorder))
	}
	if o.Only != "" && !slices.Contains(Parts(), o.Only) {
		errs = append(errs, fmt.Errorf("--only: %q is none of %s", o.Only, PartList()))
	}
	return errors.Join(errs...)
}

func (o Options) validateSink() error {
	var errs []error
	if o.Sink != "" && !slices.Contains(Sinks(), o.Sink) {
		errs = append(errs, fmt.Errorf("--sink: %q is none of %s", o.Sink, SinkList()))
	}
	if o.Sink != "" && (o.Only != "" || o.Source != "") {
		errs = append(errs, errors.New("--sink: measures that sink alone; leave out --only and --source"))
	}
	if o.Sink == sinkPostgres && o.SinkURL == "" {
		errs = append(errs, fmt.Errorf("--sink: %s %w", sinkPostgres, errNoServer))
	}
	if o.Sink != sinkPostgres && o.SinkURL != "" {
		errs = append(errs, fmt.Errorf("--sink-url: only with --sink %s; every other far side is in this process", sinkPostgres))
	}
	return errors.Join(errs...)
}

// PartList returns the names of all parts, for messages.
func PartList() string {
	names := make([]string, 0, len(Parts()))
	for _, p := range Parts() {
		names = append(names, string(p))
	}
	return strings.Join(names, ", ")
}

func within[T int | time.Duration](flag string, v, lo, hi T) error {
	if v >= lo && v <= hi {
		return nil
	}
	return fmt.Errorf("%s: %v is outside %v to %v", flag, v, lo, hi)
}
