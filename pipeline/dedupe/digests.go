package dedupe

import "carillon/pipeline/chime"

// maxDigests is how many events under watch can be compared with their copies. Reading a digest costs about what reading the
// notification did, so it is done for no more than these per grace.
const maxDigests = 512

// digests are those of the first copies of events under watch. The zero value is empty.
type digests struct {
	byEvent map[digestKey]chime.Digest
}

type digestKey struct {
	memory *Memory
	place  uint32
}

// keep takes the body of a first copy, if there is room.
func (d *digests) keep(m *Memory, place uint32, body []byte) {
	if len(d.byEvent) >= maxDigests || len(body) == 0 {
		return
	}
	digest, ok := chime.ReadDigest(body)
	if !ok {
		return
	}
	if d.byEvent == nil {
		d.byEvent = make(map[digestKey]chime.Digest)
	}
	d.byEvent[digestKey{m, place}] = digest
}

// compare returns what differs between the first copy and another one; nil when the first one was not kept.
func (d *digests) compare(m *Memory, place uint32, body []byte) []string {
	if len(d.byEvent) == 0 {
		return nil
	}
	first, kept := d.byEvent[digestKey{m, place}]
	if !kept {
		return nil
	}
	digest, ok := chime.ReadDigest(body)
	if !ok {
		return nil
	}
	return first.Differences(&digest)
}

func (d *digests) drop(m *Memory, place uint32) {
	if len(d.byEvent) > 0 {
		delete(d.byEvent, digestKey{m, place})
	}
}
