package eventbridge

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"carillon/connectors/receive"
)

// How far the issuer's clock and this one may differ.
const tokenSkew = time.Minute

// tokens checks OAuth access tokens in the form of JWT. It is safe for concurrent use.
type tokens struct {
	parser     *jwt.Parser
	algorithms []string
	clientID   string
	keys       *keys
}

func newTokens(c *JWTConfig, clock func() time.Time, m *metrics) *tokens {
	opts := []jwt.ParserOption{
		jwt.WithValidMethods(c.Algorithms), jwt.WithIssuer(c.Issuer), jwt.WithExpirationRequired(),
		jwt.WithLeeway(tokenSkew), jwt.WithTimeFunc(clock), jwt.WithStrictDecoding(),
	}
	if c.Audience != "" {
		opts = append(opts, jwt.WithAudience(c.Audience))
	}
	return &tokens{
		parser: jwt.NewParser(opts...), algorithms: c.Algorithms, clientID: c.ClientID, keys: newKeys(c.JWKSURL, clock, m),
	}
}

// claims are those of an access token that are looked at.
type claims struct {
	jwt.RegisteredClaims

	ClientID string `json:"client_id"`
}

// check looks at the token of r. A key that is not known is asked for once before the token is denied: the issuer may have
// begun to use it after the last look.
func (t *tokens) check(r *http.Request) error {
	token := receive.Bearer(r)
	if token == "" {
		return deny(deniedMissing)
	}
	set, err := t.keys.current(r.Context())
	if err != nil {
		return err
	}
	err = t.parse(r.Context(), token, set)
	if !errors.Is(err, deny(deniedKey)) {
		return err
	}
	newer, err := t.keys.newer(r.Context(), set)
	if err != nil {
		return err
	}
	if newer == set {
		return deny(deniedKey)
	}
	return t.parse(r.Context(), token, newer)
}

func (t *tokens) parse(ctx context.Context, token string, set *keySet) error {
	var c claims
	parsed, err := t.parser.ParseWithClaims(token, &c, set.find.KeyfuncCtx(ctx))
	if err != nil {
		return deny(t.denialOf(err, parsed, &c))
	}
	if t.clientID != "" && c.ClientID != t.clientID {
		return deny(deniedClient)
	}
	return nil
}

// denialOf says which denial an error of the parser is. The order matters: an error may be several of these.
func (t *tokens) denialOf(err error, token *jwt.Token, c *claims) denial {
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return deniedMalformed
	case errors.Is(err, jwkset.ErrKeyNotFound):
		return deniedKey
	case errors.Is(err, jwt.ErrTokenUnverifiable):
		return deniedAlgorithm
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		if !slices.Contains(t.algorithms, token.Method.Alg()) {
			return deniedAlgorithm
		}
		return deniedSignature
	case errors.Is(err, jwt.ErrTokenExpired), c.ExpiresAt == nil:
		return deniedExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return deniedEarly
	case errors.Is(err, jwt.ErrTokenInvalidIssuer), c.Issuer == "":
		return deniedIssuer
	default:
		return deniedAudience
	}
}
