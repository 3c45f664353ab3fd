package chime

import (
	"bytes"

	"github.com/zeebo/xxh3"
)

// maxKey is how many bytes a key may have.
const maxKey = 64

// key names what the event is ordered in.
func (e event) key() string {
	for _, candidate := range e.family.keys {
		v := e.fields[candidate.field]
		if candidate.inside != "" {
			v = child(v, candidate.inside)
		}
		value := text(v)
		if candidate.class == classPipeline {
			value = pipelineID(value)
		}
		if len(value) > 0 {
			return token(candidate.class, value)
		}
	}
	return token(classType, e.detailType)
}

// token spells (class, value) as one subject token of 1 to 64 bytes: the value of a meeting as it is, others behind their
// class and an underscore, and what does not fit as h_ and a hash. Two pairs have one token only if their hashes collide:
// a meeting's own token has no underscore, and no class is named h. Frozen.
func token(class keyClass, value []byte) string {
	var array [maxKey]byte
	b := array[:0]
	if class != classMeeting {
		b = append(append(b, class...), '_')
	}
	if len(value) > 0 && len(b)+len(value) <= maxKey && plain(value) {
		return string(append(b, value...))
	}
	return hashed(class, value)
}

// hashed is the token, and the attendee, of a value that cannot be spelled.
func hashed(class keyClass, value []byte) string {
	return "h_" + hash128(appendParts(nil, []byte(class), value)).String()
}

// plain reports whether b consists of letters, digits and hyphens, and so means nothing special in a subject.
func plain(b []byte) bool {
	for _, c := range b {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
		default:
			return false
		}
	}
	return true
}

// pipelineID cuts the id out of the ARN of a media pipeline, so that families which name a pipeline by its ARN share the
// key with those which name it by its id.
func pipelineID(value []byte) []byte {
	if _, id, found := bytes.Cut(value, []byte(":media-pipeline/")); found && len(id) > 0 {
		return id
	}
	return value
}

// Partition returns the partition, 0 to n-1, of a key: its unseeded 64-bit XXH3 modulo n. An n below 1 counts as 1. The
// result is frozen: streams are laid out by it.
func Partition(key string, n int) int {
	if n <= 1 {
		return 0
	}
	return int(xxh3.HashString(key) % uint64(n)) //nolint:gosec // n is positive and the remainder is below it.
}
