package operate

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"carillon/pipeline/admin"
)

// widest is how many characters a reason has in a table.
const widest = 80

// JSON prints v on one line.
func JSON(w io.Writer, v any) error {
	return json.NewEncoder(w).Encode(v)
}

// table prints rows under a head.
func table(w io.Writer, head []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		if _, err := fmt.Fprintln(t, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return t.Flush()
}

// Sinks prints a table of sinks.
func Sinks(w io.Writer, sinks []admin.Sink) error {
	rows := make([][]string, len(sinks))
	for i, s := range sinks {
		rows[i] = []string{s.ID, s.State, strconv.FormatUint(s.Waiting, 10), strconv.Itoa(s.Dead), about(&s)}
	}
	return table(w, []string{"SINK", "STATE", "WAITING", "DEAD", "NOTE"}, rows)
}

// about says what there is to say of a sink besides.
func about(s *admin.Sink) string {
	var words []string
	if s.Since != nil {
		words = append(words, "since "+moment(*s.Since))
	}
	if s.Reason != "" {
		words = append(words, short(s.Reason))
	}
	if s.Forgotten != nil {
		words = append(words, "to be forgotten after "+moment(*s.Forgotten))
	}
	if s.Heir != "" {
		words = append(words, "goes on as "+s.Heir+" at the next start")
	}
	return strings.Join(words, ", ")
}

// Dead prints a table of dead letters.
func Dead(w io.Writer, page admin.DeadLetters) error {
	rows := make([][]string, len(page.Dead))
	for i, d := range page.Dead {
		rows[i] = []string{strconv.FormatUint(d.Place, 10), moment(d.Died), d.Sink, d.Meeting, d.Kind, strconv.Itoa(d.Attempts), short(d.Reason)}
	}
	if err := table(w, []string{"PLACE", "DIED", "SINK", "MEETING", "KIND", "ATTEMPTS", "REASON"}, rows); err != nil {
		return err
	}
	return more(w, page.Next)
}

// Quarantine prints a table of quarantined records.
func Quarantine(w io.Writer, page admin.QuarantineList) error {
	rows := make([][]string, len(page.Quarantine))
	for i, q := range page.Quarantine {
		rows[i] = []string{strconv.FormatUint(q.Place, 10), moment(q.Received), q.Source, strconv.Itoa(q.Bytes), short(q.Reason)}
	}
	if err := table(w, []string{"PLACE", "RECEIVED", "SOURCE", "BYTES", "REASON"}, rows); err != nil {
		return err
	}
	return more(w, page.Next)
}

func more(w io.Writer, next uint64) error {
	if next == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "There are more: --after %d goes on.\n", next)
	return err
}

// pair is one line of what is shown.
type pair struct{ name, value string }

// DeadLetter shows one dead letter with its body.
func DeadLetter(w io.Writer, d *admin.DeadLetter) error {
	pairs := []pair{
		{"sink", d.Sink},
		{"id", d.ID},
		{"meeting", d.Meeting},
		{"kind", d.Kind},
		{"attendee", d.Attendee},
		{"time", moment(d.Time)},
		{"sequence", strconv.FormatUint(d.Sequence, 10)},
		{"source", d.Source},
		{"died", moment(d.Died)},
		{"attempts", strconv.Itoa(d.Attempts)},
		{"reason", plain(d.Reason)},
		{"answer", plain(d.Excerpt)},
	}
	if d.Stripped {
		pairs = append(pairs, pair{"body", "left out, because it did not fit in with the reason; a redrive takes it from EVENTS"})
	}
	return show(w, pairs, d.Body.Bytes())
}

// Quarantined shows one quarantined record with its body.
func Quarantined(w io.Writer, q *admin.Quarantined) error {
	pairs := []pair{{"source", q.Source}, {"received", moment(q.Received)}, {"trace", plain(q.Trace)}, {"reason", plain(q.Reason)}}
	if q.Missing > 0 {
		pairs = append(pairs, pair{"missing", fmt.Sprintf("%d parts of it are lost", q.Missing)})
	}
	return show(w, pairs, q.Body.Bytes())
}

func show(w io.Writer, pairs []pair, body []byte) error {
	for _, p := range pairs {
		if p.value == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-9s %s\n", p.name, p.value); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%s\n", plain(string(body)))
	return err
}

// moment prints a time in UTC, in seconds.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// short cuts a text for a table.
func short(text string) string {
	text = plain(text)
	if r := []rune(text); len(r) > widest {
		return string(r[:widest-3]) + "..."
	}
	return text
}

// plain keeps what others wrote from telling a terminal what to do: only line breaks and tabs stay of what is not printable.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\n' || r == '\t' {
			return r
		}
		return '?'
	}, text)
}
