package awscmd

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Severity says what a finding means for notifications.
type Severity string

const (
	// OK is as it should be.
	OK Severity = "ok"
	// Warn works, but something may be lost or repeated one day, or a human has to look.
	Warn Severity = "warn"
	// Wrong keeps notifications from arriving, or loses them.
	Wrong Severity = "wrong"
)

// Finding is one thing that was looked at.
type Finding struct {
	// Source is the key path of the source, such as sources.queue.
	Source string `json:"source"`
	// Check names what was looked at; it does not change between versions.
	Check string `json:"check"`
	// Severity is ok, warn or wrong.
	Severity Severity `json:"severity"`
	// What was found.
	What string `json:"what"`
	// Why it matters. Empty when all is well.
	Why string `json:"why,omitempty"`
	// Mend is the command that mends it, or shows what a human has to judge. Empty when there is nothing to do.
	Mend string `json:"mend,omitempty"`
}

// Report is everything that was found, in the order of the configuration.
type Report struct {
	// Account is whose credentials were used. Empty: nobody would say.
	Account  string    `json:"account"`
	Findings []Finding `json:"findings"`
}

// Count returns how many findings have a severity.
func (r *Report) Count(s Severity) int {
	n := 0
	for i := range r.Findings {
		if r.Findings[i].Severity == s {
			n++
		}
	}
	return n
}

// WriteText prints the report for people: by source, problems with their reason and command.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	if r.Account != "" {
		fmt.Fprintf(&b, "account %s\n", r.Account)
	}
	source := ""
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Source != source {
			source = f.Source
			fmt.Fprintf(&b, "\n%s\n", source)
		}
		f.write(&b)
	}
	fmt.Fprintf(&b, "\n%d wrong, %d to look at, %d ok\n", r.Count(Wrong), r.Count(Warn), r.Count(OK))
	_, err := io.WriteString(w, b.String())
	return err
}

func (f *Finding) write(b *strings.Builder) {
	fmt.Fprintf(b, "  %-5s  %s\n", f.Severity, f.What)
	for line := range strings.Lines(f.Why) {
		fmt.Fprintf(b, "         %s\n", strings.TrimRight(line, "\n"))
	}
	for line := range strings.Lines(f.Mend) {
		fmt.Fprintf(b, "         $ %s\n", strings.TrimRight(line, "\n"))
	}
}

// findings gathers what is found about one source.
type findings struct {
	source string
	list   []Finding
}

func (f *findings) ok(check, what string) { f.add(check, OK, what, "", "") }

func (f *findings) warn(check, what, why, mend string) { f.add(check, Warn, what, why, mend) }

func (f *findings) wrong(check, what, why, mend string) { f.add(check, Wrong, what, why, mend) }

func (f *findings) add(check string, s Severity, what, why, mend string) {
	f.list = append(f.list, Finding{Source: f.source, Check: check, Severity: s, What: what, Why: why, Mend: mend})
}

// command returns a line for a shell: words are quoted where they need it. A word that begins with $( is a substitution and
// goes between double quotes.
func command(words ...string) string {
	out := make([]string, 0, len(words))
	for _, w := range words {
		switch {
		case strings.HasPrefix(w, "$("):
			out = append(out, `"`+w+`"`)
		case w == "" || strings.ContainsFunc(w, special):
			out = append(out, "'"+strings.ReplaceAll(w, "'", `'\''`)+"'")
		default:
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}

// special reports whether a shell would read a rune as more than itself.
func special(r rune) bool {
	word := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !word && !slices.Contains([]rune("-_./:=@,%+"), r)
}
