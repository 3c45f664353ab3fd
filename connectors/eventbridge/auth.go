package eventbridge

import (
	"errors"
	"net/http"

	"carillon/connectors/receive"
	"carillon/pipeline"
)

// denial says why a request does not prove who sent it. The set is closed: it is a label of a metric.
type denial string

const (
	deniedMissing   denial = "missing"       // no key, no password, no token
	deniedWrong     denial = "wrong"         // another one than configured
	deniedMalformed denial = "malformed"     // not a token
	deniedAlgorithm denial = "algorithm"     // not one of those that are accepted
	deniedKey       denial = "unknown_key"   // signed with a key that the issuer does not publish
	deniedSignature denial = "signature"     // not signed with the key it names
	deniedExpired   denial = "expired"       // or without an end
	deniedEarly     denial = "not_yet_valid" // by more than clocks differ
	deniedIssuer    denial = "issuer"        // made by another
	deniedAudience  denial = "audience"      // made for another
	deniedClient    denial = "client"        // made for another client of the issuer
)

func denials() []denial {
	return []denial{
		deniedMissing, deniedWrong, deniedMalformed, deniedAlgorithm, deniedKey, deniedSignature,
		deniedExpired, deniedEarly, deniedIssuer, deniedAudience, deniedClient,
	}
}

// denialError is the error of a request that does not prove who sent it. Its text holds nothing of the request.
type denialError struct{ denial denial }

// Error names the reason.
func (e denialError) Error() string { return "denied: " + string(e.denial) }

func deny(d denial) error { return denialError{d} }

// errKeysUnavailable marks a token that cannot be judged now: the request must come again.
var errKeysUnavailable = errors.New("the issuer's keys are unavailable")

// authenticator tells whether a request proves that the configured EventBridge connection sent it.
type authenticator struct {
	// check returns nil, a denialError, or an error that wraps errKeysUnavailable.
	check func(*http.Request) error
	// challenge goes with an answer 401; empty where the scheme has none.
	challenge string
	// close frees what check holds.
	close func()
}

func newAuthenticator(c *AuthConfig, set *pipeline.Settings, m *metrics) authenticator {
	none := func() {}
	switch {
	case c.None:
		return authenticator{check: func(*http.Request) error { return nil }, close: none}
	case c.Basic.Username != "":
		basic := receive.NewBasic(c.Basic.Username, c.Basic.Password.Reveal())
		return authenticator{check: func(r *http.Request) error { return checkBasic(r, basic) }, challenge: receive.ChallengeBasic, close: none}
	case !c.Bearer.Token.IsZero():
		key := receive.NewKey(c.Bearer.Token.Reveal())
		check := func(r *http.Request) error { return checkKey(receive.Bearer(r), key) }
		return authenticator{check: check, challenge: receive.ChallengeBearer, close: none}
	case c.JWT.JWKSURL != "":
		t := newTokens(&c.JWT, set.Clock, m)
		return authenticator{check: t.check, challenge: receive.ChallengeBearer, close: t.keys.close}
	default:
		header, key := c.APIKey.Header, receive.NewKey(c.APIKey.Value.Reveal())
		return authenticator{check: func(r *http.Request) error { return checkKey(r.Header.Get(header), key) }, close: none}
	}
}

func checkBasic(r *http.Request, want receive.Basic) error {
	switch {
	case want.Matches(r):
		return nil
	case r.Header.Get("Authorization") == "":
		return deny(deniedMissing)
	default:
		return deny(deniedWrong)
	}
}

func checkKey(presented string, want receive.Key) error {
	switch {
	case want.Matches(presented):
		return nil
	case presented == "":
		return deny(deniedMissing)
	default:
		return deny(deniedWrong)
	}
}
