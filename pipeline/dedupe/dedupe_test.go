package dedupe_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline/chime"
	"carillon/pipeline/dedupe"
)

// TestSeeAgainstModel replays random records, with restarts that keep what was appended, against a plain list.
func TestSeeAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type record struct {
			id  chime.Identity
			raw uint64
		}
		var log []record
		firsts := map[chime.Identity]uint64{}
		var m dedupe.Memory
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0: // A recovery: the memory is restored from what was appended, and RAW is read again from some floor.
				m = dedupe.Memory{}
				for id, raw := range firsts {
					m.Restore(id, raw)
				}
				for _, r := range log[rapid.IntRange(0, len(log)).Draw(t, "floor"):] {
					want := dedupe.Witness
					if firsts[r.id] == r.raw {
						want = dedupe.Reread
					}
					require.Equal(t, want, m.See(r.id, r.raw))
				}
			default:
				r := record{id: chime.Identity{byte(rapid.IntRange(0, 9).Draw(t, "id"))}, raw: uint64(len(log) + 1)}
				want := dedupe.Witness
				if _, ok := firsts[r.id]; !ok {
					want, firsts[r.id] = dedupe.New, r.raw
				}
				require.Equal(t, want, m.See(r.id, r.raw))
				log = append(log, r)
			}
			require.Equal(t, len(firsts), m.Len())
		}
	})
}
