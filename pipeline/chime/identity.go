package chime

import (
	"encoding/binary"
	"slices"

	"github.com/zeebo/xxh3"
)

// The first part of what is hashed tells the ways to make an identity apart. Frozen.
const (
	markFields     = "fields"
	markDetail     = "detail"
	markID         = "id"
	markDetailTime = "detail+time"
	markLoose      = "loose"
)

// rule is the identity rule of this event.
func (e event) rule() identityRule {
	if e.family.identity != byGuess {
		return e.family.identity
	}
	if len(text(e.fields[fieldTimestamp])) > 0 {
		return byDetail
	}
	return byEnvelope
}

// identity hashes what every copy of the event has in common.
func (e event) identity() Identity {
	var array [512]byte
	b := array[:0]
	switch e.rule() {
	case byFields:
		b = e.appendFields(b)
	case byDetail:
		b = appendParts(b, []byte(markDetail), e.detailType, canonical(e.parts[partDetail]))
	case byEnvelope, byGuess:
		if id := text(e.parts[partID]); len(id) > 0 {
			b = appendParts(b, []byte(markID), e.detailType, id)
			break
		}
		b = appendParts(b, []byte(markDetailTime), e.detailType, canonical(e.parts[partDetail]), text(e.parts[partTime]))
	}
	return hash128(b)
}

// loose is the looser identity of an event whose identity is id: what the identity is made of, but for the timestamp. Where
// the identity has no timestamp it is a part of the identity. It is 0 for what only one path is known to bring.
func (e event) loose(id Identity) uint64 {
	if !e.family.severalPaths || len(text(e.fields[fieldKinesisVideoStreamArn])) > 0 {
		return 0
	}
	if !slices.Contains(e.family.fields, fieldTimestamp) {
		return max(binary.BigEndian.Uint64(id[:8]), 1)
	}
	var array [256]byte
	b := appendParts(array[:0], []byte(markLoose), e.detailType)
	for _, f := range e.family.fields {
		if f != fieldTimestamp {
			b = appendParts(b, text(e.fields[f]))
		}
	}
	return max(xxh3.Hash(b), 1)
}

// appendFields writes every field of the family, an absent one like an empty one, so a field's place is its name.
func (e event) appendFields(b []byte) []byte {
	b = appendParts(b, []byte(markFields), e.detailType)
	for _, f := range e.family.fields {
		b = appendParts(b, text(e.fields[f]))
	}
	if e.family.alsoFor == "" || string(scalar(e.fields[e.family.discriminator])) != e.family.alsoFor {
		return b
	}
	for _, f := range e.family.also {
		b = appendParts(b, text(e.fields[f]))
	}
	return b
}

// appendParts writes each part after its length, which no other list of parts does the same way.
func appendParts(b []byte, parts ...[]byte) []byte {
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

// hash128 is XXH3-128 without a seed, most significant byte first. Frozen.
func hash128(b []byte) Identity { return xxh3.Hash128(b).Bytes() }
