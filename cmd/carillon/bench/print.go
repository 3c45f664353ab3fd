package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"carillon/pipeline/order"
)

// Print writes r for a person.
func Print(w io.Writer, r Report) error {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "%d CPUs, %s %s/%s, %.2f ms per fsync, seed %d\n", m.CPUs, m.Go, m.OS, m.Arch, m.FsyncMS, m.Seed)
	if r.Throughput != nil {
		printThroughput(&b, r.Throughput)
	}
	if r.Latency != nil {
		printLatency(&b, r.Latency, r.LatencyRate)
	}
	if r.Memory != nil {
		printMemory(&b, r.Memory)
	}
	if len(r.Scale) > 0 {
		printScale(&b, r.Scale)
	}
	if len(r.Frontier) > 0 {
		printFrontier(&b, r.Frontier)
	}
	if r.Source != nil {
		printSource(&b, r.Source)
	}
	if r.Sink != nil {
		printSink(&b, r.Sink)
	}
	fmt.Fprintf(&b, "\nPeak memory of the process: %.0f MB", r.RSSPeakMB)
	for _, p := range append(Parts(), PartSource, PartSink) {
		if mb, ok := r.RSSMB[string(p)]; ok {
			fmt.Fprintf(&b, ", %s %.0f", p, mb)
		}
	}
	fmt.Fprintln(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// table aligns rows of cells that are separated by tabs.
func table(b *strings.Builder, rows func(w *strings.Builder)) {
	var cells strings.Builder
	rows(&cells)
	var aligned strings.Builder
	w := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = io.WriteString(w, cells.String()) // A strings.Builder takes everything.
	_ = w.Flush()
	for line := range strings.Lines(aligned.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

func printThroughput(b *strings.Builder, t *Throughput) {
	fmt.Fprintf(b, "\nThroughput: three copies of each event, bodies of %.0f bytes, %d partitions, order %s, every append on disk\n",
		t.BodyBytes, t.Partitions, t.Mode)
	table(b, func(w *strings.Builder) {
		fmt.Fprintf(w, "\tnotifications/s\tevents/s\tCPU µs/notification\tmessages/commit\t\n")
		fmt.Fprintf(w, "router\t%.0f\t%.0f\t%.1f\t%.0f\t\n", t.Notifications, t.Events, t.CPU, t.PerCommit)
		fmt.Fprintf(w, "bare ceiling\t%.0f\t%.0f\t%.1f\t%.0f\t\n", t.Ceiling, t.Ceiling/copies, t.CeilingCPU, t.CeilingPerCommit)
	})
	fmt.Fprintf(b, "Ratio to the ceiling %.2f (%.2f to %.2f over %d pairs of slices of %d notifications). The ceiling is the same bytes\n"+
		"through the same JetStream operations without parsing, dedupe, order or metrics.\n",
		t.Ratio, t.RatioLow, t.RatioHigh, t.Pairs, t.SliceNotifications)
}

func printLatency(b *strings.Builder, latency map[string]Quantiles, rate int) {
	fmt.Fprintf(b, "\nLatency: from receipt to the sink's acceptance in ms, in-order traffic of %d events/s, default order settings (window %s)\n",
		rate, order.DefaultConfig().Window)
	table(b, func(w *strings.Builder) {
		fmt.Fprintf(w, "mode\tp50\tp99\tp99.9\tmax\t\n")
		for _, c := range modes() {
			if q, ok := latency[string(c.Mode)]; ok {
				fmt.Fprintf(w, "%s\t%.1f\t%.1f\t%.1f\t%.1f\t\n", c.Mode, q.P50, q.P99, q.P999, q.Max)
			}
		}
	})
}

func printMemory(b *strings.Builder, m *Memory) {
	fmt.Fprintf(b, "\nMemory: %.0f bytes per active meeting and %.0f per remembered event (heap of order and dedupe)\n", m.BytesPerMeeting, m.BytesPerEvent)
	fmt.Fprintf(b, "Reading a meeting back from EVENTS (%.0f events): p50 %.2f ms, p99 %.2f ms\n", m.ColdEvents, m.ColdLoad.P50, m.ColdLoad.P99)
}

func printScale(b *strings.Builder, rows []ScaleRow) {
	fmt.Fprintf(b, "\nScale: events of active meetings at random, three copies of each\n")
	table(b, func(w *strings.Builder) {
		fmt.Fprintf(w, "meetings\tin memory\tnotifications/s\tCPU µs/notification\tCPU µs/event\tRSS MB\t\n")
		for _, r := range rows {
			fmt.Fprintf(w, "%d\t%d\t%.0f\t%.1f\t%.1f\t%.0f\t\n", r.Meetings, r.InMemory, r.Notifications, r.CPU, r.CPUPerEvent, r.RSSMB)
		}
	})
	if last := rows[len(rows)-1]; last.InMemory < last.Meetings {
		fmt.Fprintf(b, "Above %d meetings the least recently used ones leave memory and are read back from EVENTS with their next event.\n", last.InMemory)
	}
}

func printFrontier(b *strings.Builder, rows []FrontierRow) {
	fmt.Fprintf(b, "\nFrontier: events out of order against added latency; mean of %d seeds (worst), per million events\n", rows[0].Seeds)
	table(b, func(w *strings.Builder) {
		fmt.Fprintf(w, "profile\tmode\twindow\tinversions\t\tlifecycle violations\t\tunseen\tlate\tno cause\tadded p50 ms\tp99\tmax\t\n")
		for i, r := range rows {
			if i > 0 && rows[i-1].Profile != r.Profile {
				fmt.Fprintln(w, strings.Repeat("\t", 13))
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%.1f\t(%.0f)\t%.1f\t(%.0f)\t%.1f\t%.1f\t%d\t%.1f\t%.0f\t%.0f\t\n", r.Profile, r.Mode, windowText(r.WindowMS),
				r.Inversions, r.InversionsWorst, r.Violations, r.ViolationsWorst, r.Unseen, r.Late, r.Unjustified, r.Added.P50, r.Added.P99, r.Added.Max)
		}
	})
	fmt.Fprintf(b, "Inversions came after an event of their meeting with a later timestamp; lifecycle violations before one of the same\n"+
		"attendee that must precede them; unseen are those of them that nobody could tell from what had come out. No cause: so many\n"+
		"in all were marked late and were not. Added latency runs from the first copy of an event to its release.\n")
}

func windowText(ms float64) string {
	if ms == 0 {
		return "-"
	}
	return (time.Duration(ms) * time.Millisecond).String()
}
