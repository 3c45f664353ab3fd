package bench

import (
	"fmt"
	"strings"
)

// SinkReport compares the delivery from EVENTS to a sink with a bare loop over the rounds of a run. Figures are medians.
type SinkReport struct {
	// Sink is the type of the sink, Far what it sent to.
	Sink string `json:"sink"`
	Far  string `json:"far_side"`
	// Rate is of the delivery, from the first call of the sink until it has accepted all; Bare is of the loop.
	Rate float64 `json:"events_per_s"`
	Bare float64 `json:"bare_events_per_s"`
	// Ratio is the median of the ratios of the rounds, RatioLow and RatioHigh the lowest and highest of them.
	Ratio     float64 `json:"ratio"`
	RatioLow  float64 `json:"ratio_low"`
	RatioHigh float64 `json:"ratio_high"`
	// Forward and Behind are the same of a bare loop that reads EVENTS, as the delivery does.
	Forward float64 `json:"stream_events_per_s"`
	Behind  float64 `json:"stream_ratio"`
	// Batch is how many events one call may carry, InFlight how many calls there may be at once; of both sides.
	Batch    int `json:"batch"`
	InFlight int `json:"in_flight"`
	// PerWrite is how many events a call of the sink carried.
	PerWrite float64 `json:"events_per_call"`
	// Meetings is how many meetings the events are of: no more events than that are on their way to the far side at once, because
	// a meeting waits for the answer to its last one, if the sink gets the answers one by one.
	Meetings   int `json:"meetings"`
	Partitions int `json:"partitions"`
	// CPU is user and system time of this process per event, in microseconds. A far side in this process is part of both.
	CPU        float64 `json:"cpu_us_per_event"`
	BareCPU    float64 `json:"bare_cpu_us_per_event"`
	ForwardCPU float64 `json:"stream_cpu_us_per_event"`
	// Rounds is how many rounds there were, Events how many events each side sent in one.
	Rounds    int     `json:"rounds"`
	Events    int     `json:"events"`
	BodyBytes float64 `json:"body_bytes"`
}

func printSink(b *strings.Builder, s *SinkReport) {
	fmt.Fprintf(b, "\nSink %s: %d meetings, %d partitions, up to %d calls of up to %d events at once, bodies of %.0f bytes, to %s\n",
		s.Sink, s.Meetings, s.Partitions, s.InFlight, s.Batch, s.BodyBytes, s.Far)
	table(b, func(w *strings.Builder) {
		fmt.Fprintf(w, "\tevents/s\tCPU µs/event\tevents/call\t\n")
		fmt.Fprintf(w, "delivery\t%.0f\t%.1f\t%.0f\t\n", s.Rate, s.CPU, s.PerWrite)
		fmt.Fprintf(w, "bare loop\t%.0f\t%.1f\t%d\t\n", s.Bare, s.BareCPU, s.Batch)
		fmt.Fprintf(w, "bare loop behind EVENTS\t%.0f\t%.1f\t%d\t\n", s.Forward, s.ForwardCPU, s.Batch)
	})
	fmt.Fprintf(b, "Ratio to the bare loop %.2f (%.2f to %.2f over %d rounds of %d events each), to the one behind EVENTS %.2f. Both send the same\n"+
		"bytes with the same client library, in full batches and without waiting for the last event of a meeting: one from memory, one what\n"+
		"it reads from the stream, as the delivery does.\n", s.Ratio, s.RatioLow, s.RatioHigh, s.Rounds, s.Events, s.Behind)
}
