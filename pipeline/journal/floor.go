package journal

// Floor finds up to where a feed may be acknowledged: the highest message below which everything is settled. The zero value is
// ready. It is not safe for concurrent use.
type Floor struct {
	records []pending
	begin   int // index of the first record in records
	base    int // position of records[begin], counted over all that were ever added
}

type pending struct {
	mark    string
	settled bool
}

// Add takes the mark of the next message in the order of reading and returns its position.
func (f *Floor) Add(mark string) int {
	f.records = append(f.records, pending{mark: mark})
	return f.base + len(f.records) - f.begin - 1
}

// Settle notes that the message at this position needs no reading again. Saying so twice changes nothing.
func (f *Floor) Settle(position int) {
	if position >= f.base {
		f.records[f.begin+position-f.base].settled = true
	}
}

// Rise returns the mark to acknowledge now; false when the floor did not move.
func (f *Floor) Rise() (string, bool) {
	mark, moved := "", false
	for f.begin < len(f.records) && f.records[f.begin].settled {
		mark, moved = f.records[f.begin].mark, true
		f.records[f.begin] = pending{}
		f.begin++
		f.base++
	}
	if f.begin > len(f.records)/2 && f.begin > 64 {
		f.records = append(f.records[:0], f.records[f.begin:]...)
		f.begin = 0
	}
	return mark, moved
}

// Open returns how many messages are not below the floor.
func (f *Floor) Open() int { return len(f.records) - f.begin }
