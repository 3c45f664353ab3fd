package eventbridge

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
)

// set tells whether anything but the defaults was configured.
func (c *JWTConfig) set() bool {
	return c.JWKSURL != "" || c.Issuer != "" || c.Audience != "" || c.ClientID != ""
}

func (c *JWTConfig) validate() []error {
	if !c.set() {
		return nil
	}
	var errs []error
	if err := checkKeysURL(c.JWKSURL); err != nil {
		errs = append(errs, fmt.Errorf("auth.jwt.jwks_url: %w", err))
	}
	if c.Issuer == "" {
		errs = append(errs, errors.New("auth.jwt.issuer: must be set"))
	}
	if c.Audience == "" && c.ClientID == "" {
		errs = append(errs, errors.New("auth.jwt.audience: set audience, client_id or both: the issuer makes tokens for others too"))
	}
	if len(c.Algorithms) == 0 {
		errs = append(errs, errors.New("auth.jwt.algorithms: name at least one, such as RS256"))
	}
	for i, name := range c.Algorithms {
		if !slices.Contains(algorithms(), name) {
			errs = append(errs, fmt.Errorf("auth.jwt.algorithms[%d]: %q is none of %v", i, name, algorithms()))
		}
	}
	return errs
}

// algorithms are those with a public key.
func algorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// checkKeysURL wants https, so that nobody on the way can put in keys of his own; a loopback address needs none.
func checkKeysURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("must be a URL such as https://issuer.example.com/.well-known/jwks.json, without a user")
	}
	if u.Scheme == "https" || (u.Scheme == "http" && loopback(u.Hostname())) {
		return nil
	}
	return errors.New("must be https: whoever can change the keys on their way can make tokens")
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && addr.IsLoopback())
}
