package demo

import (
	"fmt"
	"io"
	"strings"
	"time"

	"carillon/pipeline/simulate"
)

const barWidth = 36

// Screen shows the progress of a run: on a terminal in place, elsewhere as a line now and then. Its methods have one caller
// at a time.
type Screen struct {
	w        io.Writer
	terminal bool
	drawn    int
	begin    time.Time
}

// NewScreen returns a screen on w. terminal says whether w understands cursor movements.
func NewScreen(w io.Writer, terminal bool) *Screen { return &Screen{w: w, terminal: terminal} }

// Every returns how often Show is worth calling.
func (s *Screen) Every() time.Duration {
	if s.terminal {
		return 100 * time.Millisecond
	}
	return 2 * time.Second
}

// Begin says what is about to happen.
func (s *Screen) Begin(o Options) {
	s.begin = time.Now()
	_, _ = fmt.Fprintf(s.w, "Carillon demo: %d meetings within %s over SQS, SNS and EventBridge; each path loses %s and repeats %s (seed %d)\n\n",
		o.Meetings, o.For, percent(o.Loss), percent(o.Repeat), o.Seed)
}

func percent(share float64) string { return fmt.Sprintf("%.3g %%", 100*share) }

// Show draws p.
func (s *Screen) Show(p Snapshot) {
	if !s.terminal {
		_, _ = fmt.Fprintf(s.w, "%4.0fs  received %d/%d  witnesses %d  held %d  delivered %d/%d  lag %s\n",
			time.Since(s.begin).Seconds(), p.Received, p.Planned, p.Witnesses, p.Held, p.Delivered, p.Expected, lagText(p.Lag))
		return
	}
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	lines := s.lines(p)
	for _, l := range lines {
		b.WriteString("\x1b[2K" + l + "\n")
	}
	s.drawn = len(lines)
	_, _ = io.WriteString(s.w, b.String())
}

func (s *Screen) lines(p Snapshot) []string {
	lines := make([]string, 0, len(p.Paths)+4)
	for _, path := range p.Paths {
		lines = append(lines, fmt.Sprintf("  %-12s %s %6d received", pathName(path.Path), bar(path.Received, path.Planned), path.Received))
	}
	return append(lines, "",
		fmt.Sprintf("  %-12s %s %6d of %d events", "delivered", bar(p.Delivered, p.Expected), p.Delivered, p.Expected),
		fmt.Sprintf("  %-12s witnesses %d   held %d   quarantined %d   filtered %d   lag %s",
			fmt.Sprintf("%.0fs", time.Since(s.begin).Seconds()), p.Witnesses, p.Held, p.Quarantined, p.Filtered, lagText(p.Lag)))
}

// End leaves room below what was drawn.
func (s *Screen) End() { _, _ = fmt.Fprintln(s.w) }

func pathName(p simulate.Path) string {
	switch p {
	case simulate.PathSQS:
		return "SQS"
	case simulate.PathSNS:
		return "SNS"
	case simulate.PathEventBridge:
		return "EventBridge"
	}
	return string(p)
}

func bar(n, of int) string {
	full := 0
	if of > 0 {
		full = min(barWidth, n*barWidth/of)
	}
	return strings.Repeat("█", full) + strings.Repeat("░", barWidth-full)
}

func lagText(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return d.Round(10 * time.Millisecond).String()
}
