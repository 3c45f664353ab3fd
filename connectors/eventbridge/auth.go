package eventbridge

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
)

// authenticator tells whether a request carries the configured key. It keeps digests, not keys.
type authenticator struct {
	check func(*http.Request) bool
	basic bool
}

type digest [sha256.Size]byte

func newAuthenticator(c AuthConfig) authenticator {
	switch {
	case c.None:
		return authenticator{check: func(*http.Request) bool { return true }}
	case c.Basic.Username != "":
		user, password := digestOf(c.Basic.Username), digestOf(c.Basic.Password.Reveal())
		return authenticator{basic: true, check: func(r *http.Request) bool { return basicMatches(r, user, password) }}
	default:
		header, key := c.APIKey.Header, digestOf(c.APIKey.Value.Reveal())
		return authenticator{check: func(r *http.Request) bool { return equal(digestOf(r.Header.Get(header)), key) == 1 }}
	}
}

func basicMatches(r *http.Request, user, password digest) bool {
	gotUser, gotPassword, ok := r.BasicAuth()
	// Both are always compared, so that the time tells nothing about either.
	return equal(digestOf(gotUser), user)&equal(digestOf(gotPassword), password) == 1 && ok
}

func digestOf(s string) digest { return sha256.Sum256([]byte(s)) }

// equal is 1 when both are the same. Comparing digests keeps the length of the key out of the time as well.
func equal(a, b digest) int { return subtle.ConstantTimeCompare(a[:], b[:]) }
