package dedupe_test

import (
	"encoding/binary"
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

// TestMemoryAgainstMap plays memories of all sizes, with many identities whose hashes collide, against a map and a list.
func TestMemoryAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m dedupe.Memory
		known, ids := map[chime.Identity]uint64{}, []chime.Identity(nil)
		spread := rapid.SampledFrom([]int{1, 7, 64, 4000}).Draw(t, "spread")
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			switch rapid.IntRange(0, 40).Draw(t, "what") {
			case 0:
				n := rapid.IntRange(-1, len(ids)+2).Draw(t, "forgotten")
				m.Forget(n)
				n = max(min(n, len(ids)), 0)
				for _, id := range ids[:n] {
					delete(known, id)
				}
				ids = ids[n:]
			case 1:
				if rapid.IntRange(0, 9).Draw(t, "close") == 0 {
					m.Close()
					known, ids = map[chime.Identity]uint64{}, nil
				}
			default:
				id, raw := identity(rapid.IntRange(0, spread).Draw(t, "id")), uint64(rapid.IntRange(1, 9).Draw(t, "raw"))
				first, had := known[id]
				want := dedupe.Witness
				switch {
				case !had:
					known[id], ids, want = raw, append(ids, id), dedupe.New
				case first == raw:
					want = dedupe.Reread
				}
				require.Equal(t, want, m.See(id, raw))
			}
			require.Equal(t, len(known), m.Len())
		}
		for id, raw := range known {
			require.Equal(t, dedupe.Reread, m.See(id, raw))
		}
		require.Equal(t, len(known), m.Len())
	})
}

// identity returns one of many identities that share few places in an index.
func identity(n int) (id chime.Identity) {
	binary.BigEndian.PutUint64(id[:8], uint64(n))
	id[15] = byte(n % 3)
	return id
}

// TestForgetFreesMemory expects the bytes to follow the number of events, both ways.
func TestForgetFreesMemory(t *testing.T) {
	var m dedupe.Memory
	require.Zero(t, m.Bytes())
	for i := range 10_000 {
		m.See(identity(i), uint64(i))
	}
	require.LessOrEqual(t, m.Bytes(), 80*10_000)
	m.Forget(9_990)
	require.Equal(t, 10, m.Len())
	require.LessOrEqual(t, m.Bytes(), 1000)
	require.Equal(t, dedupe.Reread, m.See(identity(9_995), 9_995))
	require.Equal(t, dedupe.New, m.See(identity(1), 1))
}
