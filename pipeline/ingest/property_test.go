package ingest_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
	"carillon/pipeline/journal"
)

var (
	errUnknown = errors.New("no answer in time")
	markForm   = regexp.MustCompile(`mark-(\d+)-(\d+)-`)
)

// bodyLimit is what the journal of the property takes; large is beyond it.
const (
	bodyLimit = 1000
	large     = 2 * bodyLimit
)

// drawItem returns one notification that carries its mark.
func drawItem(t *rapid.T, mark string) string {
	switch rapid.SampledFrom([]string{"good", "good", "unreadable", "filtered", "large"}).Draw(t, "item") {
	case "unreadable":
		return unreadable(mark)
	case "filtered":
		return filtered(mark)
	case "large":
		return good(mark, large)
	}
	return good(mark, 1)
}

// drawBody returns a body and how many items it holds: one alone, a batch, or something that is no JSON at all.
func drawBody(t *rapid.T, index int) (body string, items int) {
	items = rapid.IntRange(0, 6).Draw(t, "items")
	switch items {
	case 0:
		return fmt.Sprintf(`{"mark-%d-0-`, index), 1
	case 1:
		return drawItem(t, fmt.Sprintf("mark-%d-0-", index)), 1
	}
	all := make([]string, items)
	for k := range all {
		all[k] = drawItem(t, fmt.Sprintf("mark-%d-%d-", index, k))
	}
	return "[" + strings.Join(all, ",") + "]", items
}

// ledger is where the fake journal of the property put everything, by mark.
type ledger struct {
	stored, quarantined map[string]int
	failed              map[string]error
}

func mark(body []byte) string { return string(markForm.Find(body)) }

// drawJournal returns a journal that refuses and fails as drawn, and its ledger.
func drawJournal(t *rapid.T) (*fake, *ledger) {
	l := &ledger{stored: map[string]int{}, quarantined: map[string]int{}, failed: map[string]error{}}
	answers := rapid.SampledFrom([]error{nil, nil, nil, journal.ErrRefused, journal.ErrFull, errUnknown})
	f := newFake()
	f.maxBody = bodyLimit
	f.raw = func(m *nats.Msg) error {
		err := answers.Draw(t, "raw")
		switch {
		case err == nil:
			l.stored[mark(m.Data)]++
		case !errors.Is(err, journal.ErrRefused):
			l.failed[mark(m.Data)] = err
		}
		return err
	}
	f.quarantine = func(q journal.Quarantined) error {
		if rapid.IntRange(0, 3).Draw(t, "quarantine") == 0 {
			l.failed[mark(q.Body)] = journal.ErrFull
			return journal.ErrFull
		}
		l.quarantined[mark(q.Body)]++
		return nil
	}
	return f, l
}

// TestEveryItemEndsInOnePlace emits any mix over a journal that refuses and fails at will. Every item must be in exactly one
// counted place, and Emit must name exactly the notifications of which an item has none (I1, I2).
func TestEveryItemEndsInOnePlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, l := drawJournal(t)
		r := newRig(f)
		var bodies []string
		var items []int
		total := 0
		for i := range rapid.IntRange(0, 6).Draw(t, "notifications") {
			body, n := drawBody(t, i)
			bodies, items = append(bodies, body), append(items, n)
			total += n
		}
		errs := pipeline.FailedAt(r.Emit(t.Context(), notes(bodies...)...), len(bodies))

		sum := 0
		for i, n := range items {
			var failed error
			for k := range n {
				m := fmt.Sprintf("mark-%d-%d-", i, k)
				places := l.stored[m] + l.quarantined[m]
				if err := l.failed[m]; err != nil {
					places++
					if failed == nil {
						failed = err
					}
				}
				if isFiltered := strings.Contains(bodies[i], filtered(m)); isFiltered {
					places++
				}
				require.Equal(t, 1, places, "places of %s", m)
				sum++
			}
			require.Equal(t, failed != nil, errs[i] != nil, "notification %d: %v", i, errs[i])
		}
		require.Equal(t, total, sum)
		require.Equal(t, total, r.counted(t, "received"))
		require.Equal(t, len(l.stored), r.counted(t, "stored"))
		require.Equal(t, len(l.quarantined), r.counted(t, "quarantined"))
		require.Equal(t, len(l.failed), r.counted(t, "failed"))
		require.Equal(t, total, r.counted(t, "stored")+r.counted(t, "quarantined")+r.counted(t, "failed")+r.counted(t, "filtered"))
		for _, err := range errs {
			if err != nil {
				require.True(t, errors.Is(err, journal.ErrFull) || errors.Is(err, errUnknown), "%v", err)
			}
		}
	})
}
