package bench

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"
)

const (
	millisecond = "2006-01-02T15:04:05.000Z"
	second      = "2006-01-02T15:04:05Z"
	usualBody   = 640
)

// direct writes the body of h as SQS and SNS carry it.
func (c *calendar) direct(h happening) []byte {
	b := append(make([]byte, 0, usualBody), `{"version":"0","source":"aws.chime","account":"111122223333","region":"us-east-1",`+
		`"detail-type":"Chime Meeting State Change","time":"`...)
	b = c.at(h).AppendFormat(b, millisecond)
	return append(c.detail(append(b, `","detail":`...), h), '}')
}

// bus writes the body of h as EventBridge carries it.
func (c *calendar) bus(h happening) []byte {
	b := append(make([]byte, 0, usualBody), `{"version":"0","id":"`...)
	b = appendName(b, uint64(h.number), 'b') //nolint:gosec // never negative
	b = append(b, `","detail-type":"Chime Meeting State Change","source":"aws.chime","account":"111122223333","time":"`...)
	b = c.at(h).AppendFormat(b, second)
	return append(c.detail(append(b, `","region":"us-east-1","resources":[],"detail":`...), h), '}')
}

func (c *calendar) at(h happening) time.Time { return time.UnixMilli(c.timestamp(h)).UTC() }

func (c *calendar) timestamp(h happening) int64 { return c.base + int64(h.number) }

// detail appends the part that every path carries alike.
func (c *calendar) detail(b []byte, h happening) []byte {
	b = append(append(b, `{"version":"0","eventType":"`...), h.kind...)
	b = strconv.AppendInt(append(b, `","timestamp":`...), c.timestamp(h), 10)
	b = h.appendMeeting(append(b, `,"meetingId":"`...))
	if h.attendee != nobody {
		b = h.appendAttendee(append(b, `","attendeeId":"`...))
		b = h.appendAttendee(append(b, `","externalUserId":"urn:example:people:employee:`...))
	}
	b = h.appendMeeting(append(b, `","networkType":"Voip","externalMeetingId":"`...))
	return append(b, `","mediaRegion":"us-east-1"}`...)
}

func (h happening) appendMeeting(b []byte) []byte {
	return appendName(b, uint64(h.slot)<<24+uint64(h.generation), 'm') //nolint:gosec // never negative
}

func (h happening) appendAttendee(b []byte) []byte {
	return appendName(b, uint64(h.slot)<<32+uint64(h.generation)<<8+uint64(h.attendee), 'a') //nolint:gosec // never negative
}

// appendName appends 36 characters in the form of a UUID that differ for different n and class.
func appendName(b []byte, n uint64, class byte) []byte {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], mix(n^uint64(class)<<56))
	binary.BigEndian.PutUint64(raw[8:], mix(n+uint64(class)))
	var text [32]byte
	hex.Encode(text[:], raw[:])
	for i, c := range text {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			b = append(b, '-')
		}
		b = append(b, c)
	}
	return b
}

// mix spreads n over 64 bits, one to one.
func mix(n uint64) uint64 {
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
