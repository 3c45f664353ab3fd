package bench

import (
	"fmt"
	"strings"
)

// SourceReport compares a source in front of a journal with a bare loop over the pairs of a run. Figures are medians.
type SourceReport struct {
	// Source is the type of the source, Emulator what it took from.
	Source   string `json:"source"`
	Emulator string `json:"emulator"`
	// Rate is of the source in messages per second, from the first poll until all are on disk and deleted. Bare is of the loop.
	Rate float64 `json:"messages_per_s"`
	Bare float64 `json:"bare_messages_per_s"`
	// Ratio is the median of the ratios of the pairs, RatioLow and RatioHigh the lowest and highest of them.
	Ratio     float64 `json:"ratio"`
	RatioLow  float64 `json:"ratio_low"`
	RatioHigh float64 `json:"ratio_high"`
	// Pollers and Batch are of both: long polls side by side, and messages in one receive or delete.
	Pollers int `json:"pollers"`
	Batch   int `json:"batch"`
	// CPU is user and system time of this process per message, in microseconds; the emulator's own is in it when it is in this
	// process.
	CPU     float64 `json:"cpu_us_per_message"`
	BareCPU float64 `json:"bare_cpu_us_per_message"`
	// PerCommit is how many messages share one commit of the journal, each of which is one fsync.
	PerCommit float64 `json:"messages_per_commit"`
	// Pairs is how many pairs there were, Messages how many messages each side drained in one.
	Pairs     int     `json:"pairs"`
	Messages  int     `json:"messages_per_drain"`
	BodyBytes float64 `json:"body_bytes"`
}

func printSource(b *strings.Builder, s *SourceReport) {
	fmt.Fprintf(b, "\nSource %s: pollers %d, batches of %d, bodies of %.0f bytes, from %s\n", s.Source, s.Pollers, s.Batch, s.BodyBytes, s.Emulator)
	table(b, func(w *strings.Builder) {
		fmt.Fprintf(w, "\tmessages/s\tCPU µs/message\tmessages/commit\t\n")
		fmt.Fprintf(w, "source and journal\t%.0f\t%.1f\t%.0f\t\n", s.Rate, s.CPU, s.PerCommit)
		fmt.Fprintf(w, "bare loop\t%.0f\t%.1f\t-\t\n", s.Bare, s.BareCPU)
	})
	fmt.Fprintf(b, "Ratio %.2f (%.2f to %.2f over %d pairs of %d messages each). The bare loop receives and deletes with the same SDK\n"+
		"and keeps nothing; the source deletes what the journal has on disk, one fsync for each commit.\n",
		s.Ratio, s.RatioLow, s.RatioHigh, s.Pairs, s.Messages)
}
