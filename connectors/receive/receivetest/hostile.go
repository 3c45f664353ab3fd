package receivetest

import (
	"bytes"
	"math/rand/v2"
	"strings"
)

// Spoil returns a body that is not what good is: cut, changed, repeated, nested, or nothing like it. It is at most some
// 64 KiB longer than good.
func Spoil(r *rand.Rand, good []byte) []byte {
	switch r.IntN(9) {
	case 0:
		return good[:r.IntN(len(good))]
	case 1:
		return flip(r, good)
	case 2:
		at := r.IntN(len(good))
		return append(append(bytes.Clone(good[:at]), random(r, 1+r.IntN(8))...), good[at:]...)
	case 3:
		return append(bytes.Clone(good), good...)
	case 4:
		return random(r, r.IntN(2048))
	case 5:
		return []byte(strings.Repeat("[", 1+r.IntN(20_000)))
	case 6:
		return []byte(strings.Repeat(`{"a":`, 1+r.IntN(10_000)))
	case 7:
		// A number that no machine holds, inside what looks right.
		return bytes.Replace(good, []byte(":"), []byte(":1e"+strings.Repeat("9", 1+r.IntN(400))+","), 1)
	default:
		return []byte(`{"detail-type":"` + strings.Repeat("\\u0000", r.IntN(4000)) + `"}`)
	}
}

func flip(r *rand.Rand, good []byte) []byte {
	out := bytes.Clone(good)
	for range 1 + r.IntN(3) {
		out[r.IntN(len(out))] ^= 1 << r.IntN(8)
	}
	return out
}

func random(r *rand.Rand, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(r.IntN(256)) //nolint:gosec // below 256
	}
	return out
}

// Garbage returns bytes that break the rules of HTTP for a request to path: cut in the head or the body, announced wrongly,
// smuggled, or no HTTP at all.
func Garbage(r *rand.Rand, path string, body []byte) []byte {
	whole := Request("POST", path, body)
	head := bytes.Index(whole, []byte("\r\n\r\n"))
	switch r.IntN(10) {
	case 0:
		return whole[:r.IntN(head)]
	case 1:
		return whole[:head+4+r.IntN(max(1, len(body)))]
	case 2:
		return random(r, 1+r.IntN(4096))
	case 3:
		return []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + string(random(r, 200)))
	case 4:
		return bytes.Replace(whole, []byte("Content-Length: "), []byte("Content-Length: 9999999999999999999"), 1)
	case 5:
		return bytes.Replace(whole, []byte("Host:"), []byte("Transfer-Encoding: chunked\r\nHost:"), 1)
	case 6:
		return bytes.Replace(whole, []byte("Host:"), []byte("X: "+strings.Repeat("x", 64<<10)+"\r\nHost:"), 1)
	case 7:
		return bytes.Replace(Chunked(path, body, 100), []byte("\r\n64\r\n"), []byte("\r\n-64\r\n"), 1)
	case 8:
		return []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + string(random(r, 64)))
	default:
		return bytes.Replace(whole, []byte(" HTTP/1.1"), []byte(strings.Repeat("/a", r.IntN(2000))+" HTTP/1.1\r\nContent-Length: 7"), 1)
	}
}
