package demo

import (
	"fmt"
	"io"
	"strings"

	"carillon/pipeline/simulate"
)

// PrintScoreboard writes the outcome for a person.
func PrintScoreboard(w io.Writer, r Report) error {
	var b strings.Builder
	row := func(name string, value any, note string) { fmt.Fprintf(&b, "  %-14s %8v  %s\n", name, value, note) }
	fmt.Fprintf(&b, "Compared with the truth\n\n")
	row("meetings", r.Meetings, "")
	row("events", r.Events, "that happened and that at least one path carried")
	row("notifications", r.Notifications, bySource(r.Report))
	row("witnesses", r.Witnesses, "copies of events that were known: counted, not forwarded")
	row("quarantined", r.Quarantined, fmt.Sprintf("unreadable bodies kept whole, of %d sent", r.ExpectedQuarantined))
	row("filtered", r.Filtered, "CloudTrail records")
	row("delivered", r.Delivered, "")
	fmt.Fprintln(&b)
	row("lost", r.Lost, mark(r.Lost))
	row("duplicated", r.Duplicated, mark(r.Duplicated))
	row("misordered", r.Misordered, mark(r.Misordered))
	row("late", r.Late, lateNote(r.Report))
	fmt.Fprintf(&b, "\n  lag from receipt to the sink: p50 %.0f ms, p99 %.0f ms (events are held for %s so that earlier ones can overtake them)\n", r.LagMS.P50, r.LagMS.P99, window)
	if r.OK {
		fmt.Fprintf(&b, "\nEvery event once and in order.\n")
	} else {
		fmt.Fprintf(&b, "\nNot right (unknown %d, mislabelled %d, late without cause %d). Run it again with --seed %d to see the same meetings.\n",
			r.Unknown, r.Mislabelled, r.LateUnjustified, r.Seed)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func mark(n int) string {
	if n == 0 {
		return "ok"
	}
	return "WRONG"
}

func lateNote(r simulate.Report) string {
	switch {
	case r.LateUnjustified > 0:
		return fmt.Sprintf("WRONG: %d of them had arrived in time", r.LateUnjustified)
	case r.Late > 0:
		return fmt.Sprintf("marked; every copy of them came more than %s after what follows them", window)
	}
	return "ok"
}

func bySource(r simulate.Report) string {
	parts := make([]string, 0, len(r.ReceivedBySource))
	for _, p := range []simulate.Path{simulate.PathSQS, simulate.PathSNS, simulate.PathEventBridge} {
		parts = append(parts, fmt.Sprintf("%s %d", pathName(p), r.ReceivedBySource[string(p)]))
	}
	return strings.Join(parts, ", ")
}
