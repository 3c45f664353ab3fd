package eventbridge

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"carillon/connectors/receive"
	"carillon/connectors/sqs"
	"carillon/pipeline"
)

const (
	defaultPath       = "/eventbridge"
	defaultHeader     = "x-api-key"
	defaultRetryAfter = 5 * time.Second
	defaultAlgorithm  = "RS256"
)

// Config is the user's part of an eventbridge source.
type Config struct {
	// Path is where the shared listener takes requests: / and a name, such as /eventbridge. Each source needs its own.
	Path string `koanf:"path"`
	// Auth says how EventBridge proves itself. Exactly one kind must be set, and none with via.
	Auth AuthConfig `koanf:"auth"`
	// RetryAfter is how long EventBridge is asked to wait when a notification could not be stored. 1s to 1h, whole seconds.
	RetryAfter time.Duration `koanf:"retry_after"`
	// Via takes the events out of a queue that is the target of the rule, for routers that EventBridge cannot reach. It has
	// the keys of a source of type sqs, of which queue_url is enough, and is one in all but its name: its metrics are those
	// of sqs. Empty: EventBridge posts to path.
	Via sqs.Config `koanf:"via"`
}

// AuthConfig is the part of the configuration under auth. It mirrors the authorization of the EventBridge connection.
type AuthConfig struct {
	// APIKey accepts a header with a secret value.
	APIKey APIKeyConfig `koanf:"api_key"`
	// Basic accepts a user name and a password.
	Basic BasicConfig `koanf:"basic"`
	// Bearer accepts one fixed token in the header Authorization.
	Bearer BearerConfig `koanf:"bearer"`
	// JWT accepts OAuth access tokens, as a connection with client credentials fetches them from an issuer.
	JWT JWTConfig `koanf:"jwt"`
	// None accepts everybody who can reach the listener. Only for tests, or where the network already admits no one else.
	None bool `koanf:"none"`
}

// APIKeyConfig is the part of the configuration under auth.api_key.
type APIKeyConfig struct {
	// Header is the name of the header that carries the key; upper and lower case are the same.
	Header string `koanf:"header"`
	// Value is the key. Not set: API keys are not accepted.
	Value pipeline.Secret `koanf:"value"`
}

// BasicConfig is the part of the configuration under auth.basic.
type BasicConfig struct {
	// Username is the user name, without a colon. Empty: Basic authorization is not accepted.
	Username string `koanf:"username"`
	// Password is the password.
	Password pipeline.Secret `koanf:"password"`
}

// BearerConfig is the part of the configuration under auth.bearer.
type BearerConfig struct {
	// Token is the token, sent as "Authorization: Bearer <token>". Not set: no fixed token is accepted. An EventBridge
	// connection sends it with an API key whose name is Authorization and whose value begins with "Bearer ".
	Token pipeline.Secret `koanf:"token"`
}

// JWTConfig is the part of the configuration under auth.jwt. Tokens are signed JSON Web Tokens that have not ended; clocks
// may differ by 1m.
type JWTConfig struct {
	// JWKSURL is the https URL where the issuer publishes its keys. Empty: OAuth tokens are not accepted. Keys are fetched
	// again after 15m, and at most twice a minute when a token names one that is not known.
	JWKSURL string `koanf:"jwks_url"`
	// Issuer is the claim iss that a token must have.
	Issuer string `koanf:"issuer"`
	// Audience is a value that the claim aud of a token must have. At least one of audience and client_id must be set: the
	// issuer makes tokens for others too.
	Audience string `koanf:"audience"`
	// ClientID is the claim client_id that a token must have, for issuers whose access tokens have no aud, such as Cognito.
	ClientID string `koanf:"client_id"`
	// Algorithms are the signature algorithms that are accepted: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384,
	// ES512 and EdDSA. Those with a shared secret are not.
	Algorithms []string `koanf:"algorithms"`
}

// DefaultConfig returns the defaults of an eventbridge source. They lack an auth and so are not valid by themselves.
func DefaultConfig() Config {
	return Config{
		Path:       defaultPath,
		Auth:       AuthConfig{APIKey: APIKeyConfig{Header: defaultHeader}, JWT: JWTConfig{Algorithms: []string{defaultAlgorithm}}},
		RetryAfter: defaultRetryAfter,
		Via:        sqs.DefaultConfig(),
	}
}

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	if err := receive.CheckPath(c.Path); err != nil {
		errs = append(errs, fmt.Errorf("path: %w", err))
	}
	if c.RetryAfter < time.Second || c.RetryAfter > time.Hour || c.RetryAfter%time.Second != 0 {
		errs = append(errs, fmt.Errorf("retry_after: %s is not a whole number of seconds from 1s to 1h", c.RetryAfter))
	}
	if c.via() {
		return errors.Join(append(errs, c.validateVia()...)...)
	}
	return errors.Join(append(errs, c.Auth.validate()...)...)
}

func (a *AuthConfig) validate() []error {
	var errs []error
	if err := checkHeader(a.APIKey.Header); err != nil {
		errs = append(errs, fmt.Errorf("auth.api_key.header: %w", err))
	}
	errs = append(errs, receive.CheckBasic("auth.basic", a.Basic.Username, a.Basic.Password)...)
	errs = append(errs, a.JWT.validate()...)
	kinds := a.kinds()
	if kinds == 0 {
		errs = append(errs, errors.New("auth: set api_key.value, basic, bearer or jwt, as in the EventBridge connection; "+
			"bodies carry no signature, so without it anyone could send events (none: true accepts that)"))
	}
	if kinds > 1 {
		errs = append(errs, errors.New("auth: set only one of api_key.value, basic, bearer, jwt and none"))
	}
	return errs
}

// kinds is how many ways to prove oneself are set.
func (a *AuthConfig) kinds() int {
	kinds := 0
	for _, set := range []bool{!a.APIKey.Value.IsZero(), a.Basic.set(), !a.Bearer.Token.IsZero(), a.JWT.set(), a.None} {
		if set {
			kinds++
		}
	}
	return kinds
}

func (c *BasicConfig) set() bool { return c.Username != "" || !c.Password.IsZero() }

var headerForm = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$")

// checkHeader refuses what is no header name and the names that EventBridge fills itself.
func checkHeader(name string) error {
	if !headerForm.MatchString(name) {
		return fmt.Errorf("%q is not the name of a header", name)
	}
	switch http.CanonicalHeaderKey(name) {
	case "Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Host", "Range",
		"Transfer-Encoding", "User-Agent":
		return fmt.Errorf("%q is filled by EventBridge itself and cannot carry a key", name)
	}
	return nil
}
