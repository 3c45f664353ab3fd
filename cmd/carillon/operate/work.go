package operate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"carillon/pipeline/admin"
)

// ErrLeft means that some of what was asked for was not done; it was said what.
var ErrLeft = errors.New("not all of it was done")

// outcome is what a job came to, as JSON.
type outcome struct {
	Counts map[string]int  `json:"counts"`
	Failed []admin.Failure `json:"failed"`
	Error  string          `json:"error,omitempty"`
}

// Work does a job at the router and prints what came of it: each failure, and the counts. out gets the result and progress, where it
// takes long, goes to side.
func Work(ctx context.Context, c *admin.Client, path string, job any, asJSON bool, out, side io.Writer) error {
	o := outcome{Counts: map[string]int{}, Failed: []admin.Failure{}}
	counts, err := c.Work(ctx, path, job, func(l admin.Line) {
		switch {
		case l.Failed != nil && asJSON:
			o.Failed = append(o.Failed, *l.Failed)
		case l.Failed != nil:
			o.Failed = append(o.Failed, admin.Failure{})
			_, _ = fmt.Fprintln(out, failure(l.Failed))
		case l.Counts != nil && !l.Done && l.Error == "":
			_, _ = fmt.Fprintln(side, Counts(l.Counts))
		}
	})
	if counts != nil {
		o.Counts = counts
	}
	if err != nil && counts == nil {
		return err
	}
	if asJSON {
		if err != nil {
			o.Error = err.Error()
		}
		if err := JSON(out, o); err != nil {
			return err
		}
	} else if _, err := fmt.Fprintln(out, Counts(o.Counts)); err != nil {
		return err
	}
	if err == nil && len(o.Failed) > 0 {
		return ErrLeft
	}
	return err
}

// failure says in one line what was not done and why.
func failure(f *admin.Failure) string {
	var words []string
	if f.Place > 0 {
		words = append(words, strconv.FormatUint(f.Place, 10))
	}
	for _, w := range []string{f.Sink, f.Meeting} {
		if w != "" {
			words = append(words, w)
		}
	}
	if f.Place == 0 && f.ID != "" {
		words = append(words, f.ID)
	}
	line := strings.Join(words, " ") + ": " + f.Result
	if f.Reason != "" {
		line += ": " + plain(f.Reason)
	}
	return line
}

// Counts prints what came of how many.
func Counts(counts map[string]int) string {
	if len(counts) == 0 {
		return "nothing matches"
	}
	parts := make([]string, 0, len(counts))
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(parts, ", ")
}
