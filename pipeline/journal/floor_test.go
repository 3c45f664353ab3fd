package journal

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// slowFloor is a floor that looks at everything every time.
type slowFloor struct {
	settled []bool
	told    int // how many marks are below the floor that was told last
}

func (f *slowFloor) rise() (string, bool) {
	n := 0
	for n < len(f.settled) && f.settled[n] {
		n++
	}
	moved := n > f.told
	f.told = n
	if !moved {
		return "", false
	}
	return strconv.Itoa(n - 1), true
}

func TestFloorAgainstSlowModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var fast Floor
		var slow slowFloor
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				if fast.Open() != len(slow.settled)-slow.told {
					t.Fatalf("%d open, want %d", fast.Open(), len(slow.settled)-slow.told)
				}
			},
			"add": func(t *rapid.T) {
				for range rapid.IntRange(1, 100).Draw(t, "n") {
					want := len(slow.settled)
					if got := fast.Add(strconv.Itoa(want)); got != want {
						t.Fatalf("position %d, want %d", got, want)
					}
					slow.settled = append(slow.settled, false)
				}
			},
			"settle one": func(t *rapid.T) {
				if len(slow.settled) == 0 {
					return
				}
				at := rapid.IntRange(0, len(slow.settled)-1).Draw(t, "position")
				fast.Settle(at)
				slow.settled[at] = true
			},
			"settle many": func(t *rapid.T) {
				n := rapid.IntRange(0, 200).Draw(t, "n")
				for at := slow.told; at < min(slow.told+n, len(slow.settled)); at++ {
					fast.Settle(at)
					slow.settled[at] = true
				}
			},
			"rise": func(t *rapid.T) {
				mark, moved := fast.Rise()
				if wantMark, wantMoved := slow.rise(); mark != wantMark || moved != wantMoved {
					t.Fatalf("%q %v, want %q %v", mark, moved, wantMark, wantMoved)
				}
			},
		})
	})
}
