package receive

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"

	"carillon/pipeline"
)

// Key is a secret that requests must present. It holds a digest, so the secret itself cannot leak from it. The zero value
// matches nothing that anybody knows.
type Key struct{ digest [sha256.Size]byte }

// NewKey returns the key for secret.
func NewKey(secret string) Key { return Key{digest: sha256.Sum256([]byte(secret))} }

// Matches tells whether presented is the secret. The time it takes tells nothing about the secret, not even its length.
func (k Key) Matches(presented string) bool { return k.compare(presented) == 1 }

func (k Key) compare(presented string) int {
	sum := sha256.Sum256([]byte(presented))
	return subtle.ConstantTimeCompare(k.digest[:], sum[:])
}

// Basic is a user name and a password that requests must present.
type Basic struct{ user, password Key }

// NewBasic returns the check for user and password.
func NewBasic(user, password string) Basic {
	return Basic{user: NewKey(user), password: NewKey(password)}
}

// CheckBasic tells what is wrong with a user name and a password, which stand under the key path at. Neither is nothing wrong.
func CheckBasic(at, user string, password pipeline.Secret) []error {
	if user == "" && password.IsZero() {
		return nil
	}
	var errs []error
	if user == "" || strings.Contains(user, ":") {
		errs = append(errs, fmt.Errorf("%s.username: must be set and hold no colon", at))
	}
	if password.IsZero() {
		errs = append(errs, fmt.Errorf("%s.password: must be set", at))
	}
	return errs
}

// Matches tells whether r carries the user name and the password.
func (b Basic) Matches(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	// Both are always compared, so that the time tells nothing about either.
	return b.user.compare(user)&b.password.compare(password) == 1 && ok
}

// The challenges that go with an answer 401.
const (
	ChallengeBasic  = `Basic realm="carillon", charset="UTF-8"`
	ChallengeBearer = `Bearer realm="carillon"` //nolint:gosec // what is asked for, not what is presented
)

// Bearer returns the token in the Authorization header of r, empty when there is none.
func Bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
