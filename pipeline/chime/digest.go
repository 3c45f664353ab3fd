package chime

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/zeebo/xxh3"
)

// comparedNames are the members of detail that copies of one event are compared by, beside all others together.
//
//nolint:gochecknoglobals // a constant table.
var comparedNames = [...]string{
	"version", "eventType", "timestamp", "meetingId", "attendeeId", "mediaPipelineId", "externalMeetingId", "externalUserId",
	"mediaRegion", "networkType", "success", "attendeeCapabilities", "transcriptionRegion", "transcriptionConfiguration",
	"message", "streamingStatus", "voiceConnectorId", "callId", "transactionId", "direction", "fromNumber", "toNumber",
	"isCaller", "streamArn", "startFragmentNumber", "startTime", "endTime", "mediaType", "inviteHeaders", "updateHeaders",
	"siprecMetadata",
}

// comparedOther is the name of the members that are not in the table.
const comparedOther = "other"

//nolint:gochecknoglobals // the inverse of the constant table above, never written again.
var comparedByName = inverse[uint8](comparedNames[:])

// Compared returns the names that Differences may give: members of detail, and "other" for all that are not known by name.
func Compared() []string { return append(slices.Clone(comparedNames[:]), comparedOther) }

// Digest is what is remembered of a detail to compare copies of an event by: a hash for each member known by name, and one
// for all others together. An absent member is like an empty one. It leaves out the envelope, which every path writes in its
// own way. The zero value is the digest of an empty detail. Two values of a member have the same hash once in 65,536 times.
type Digest [len(comparedNames) + 1]uint16

// ReadDigest returns the digest of one notification without its wrapper, false when it has no detail.
func ReadDigest(body []byte) (Digest, bool) {
	r, ok := readers.Get().(*reader)
	if !ok {
		r = new(reader)
	}
	r.reset(body)
	var d Digest
	found := false
	_, err := r.members(func(name []byte) error {
		if string(name) != partNames[partDetail] || r.dec.PeekKind() != jsontext.KindBeginObject {
			_, err := r.value(maxDepth)
			return err
		}
		found = true
		return r.digest(&d)
	})
	r.reset(nil) // let go of body.
	readers.Put(r)
	return d, found && err == nil
}

// digest reads the detail that comes next. Of members with one name the last wins, also of those that are not known.
func (r *reader) digest(d *Digest) error {
	clear(d[:])
	var strange map[string]uint16
	_, err := r.members(func(name []byte) error {
		v, err := r.value(maxDepth)
		if err != nil {
			return err
		}
		if i, known := comparedByName[string(name)]; known {
			d[i] = hash16(v)
			return nil
		}
		if strange == nil {
			strange = make(map[string]uint16)
		}
		strange[string(name)] = hash16(v)
		return nil
	})
	for name, h := range strange {
		if h != 0 {
			d[len(d)-1] += uint16(xxh3.HashString(name)) ^ h //nolint:gosec // a part of a hash
		}
	}
	return err
}

// hash16 returns 0 for a value that says nothing, something else for all others.
func hash16(v jsontext.Value) uint16 {
	b := text(v)
	if len(b) == 0 {
		return 0
	}
	return max(uint16(xxh3.Hash(b)), 1) //nolint:gosec // a part of a hash
}

// Differences returns the names of the members by which two copies differ, in the order of Compared; nil when they agree.
func (d *Digest) Differences(other *Digest) []string {
	if *d == *other {
		return nil
	}
	var names []string
	for i := range d {
		switch {
		case d[i] == other[i]:
		case i < len(comparedNames):
			names = append(names, comparedNames[i])
		default:
			names = append(names, comparedOther)
		}
	}
	return names
}
