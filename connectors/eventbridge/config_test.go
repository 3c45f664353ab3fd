package eventbridge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/eventbridge"
	"carillon/pipeline"
)

func TestValidateNamesEachKey(t *testing.T) {
	secret := pipeline.NewSecret("hunter2")
	tests := map[string]struct {
		change func(*eventbridge.Config)
		want   []string
	}{
		"nothing set": {func(*eventbridge.Config) {}, []string{"auth: set api_key.value, basic, bearer or jwt"}},
		"two kinds": {func(c *eventbridge.Config) {
			c.Auth.APIKey.Value, c.Auth.None = secret, true
		}, []string{"auth: set only one"}},
		"half of basic": {func(c *eventbridge.Config) { c.Auth.Basic.Username = "bus" }, []string{"auth.basic.password: "}},
		"other half":    {func(c *eventbridge.Config) { c.Auth.Basic.Password = secret }, []string{"auth.basic.username: "}},
		"colon": {func(c *eventbridge.Config) {
			c.Auth.Basic = eventbridge.BasicConfig{Username: "a:b", Password: secret}
		}, []string{"auth.basic.username: "}},
		"header": {func(c *eventbridge.Config) {
			c.Auth.APIKey = eventbridge.APIKeyConfig{Header: "x api key", Value: secret}
		}, []string{"auth.api_key.header: "}},
		"taken header": {func(c *eventbridge.Config) {
			c.Auth.APIKey = eventbridge.APIKeyConfig{Header: "user-agent", Value: secret}
		}, []string{"auth.api_key.header: "}},
		"bearer and basic": {func(c *eventbridge.Config) {
			c.Auth.Bearer.Token = secret
			c.Auth.Basic = eventbridge.BasicConfig{Username: "bus", Password: secret}
		}, []string{"auth: set only one"}},
		"empty jwt": {func(c *eventbridge.Config) {
			c.Auth.JWT = eventbridge.JWTConfig{ClientID: "x"}
		}, []string{"auth.jwt.jwks_url: ", "auth.jwt.issuer: ", "auth.jwt.algorithms: "}},
		"jwt for anybody": {func(c *eventbridge.Config) {
			c.Auth.JWT.JWKSURL, c.Auth.JWT.Issuer = "https://issuer.example.com/keys", "x"
		}, []string{"auth.jwt.audience: "}},
		"keys over http": {func(c *eventbridge.Config) {
			c.Auth.JWT = eventbridge.JWTConfig{JWKSURL: "http://issuer.example.com/keys", Issuer: "x", Audience: "y", Algorithms: []string{"ES256"}}
		}, []string{"auth.jwt.jwks_url: must be https"}},
		"keys with a password": {func(c *eventbridge.Config) {
			c.Auth.JWT = eventbridge.JWTConfig{JWKSURL: "https://a:hunter@issuer.example.com", Issuer: "x", Audience: "y", Algorithms: []string{"ES256"}}
		}, []string{"auth.jwt.jwks_url: "}},
		"shared secrets and none": {func(c *eventbridge.Config) {
			c.Auth.JWT = eventbridge.JWTConfig{JWKSURL: "http://127.0.0.1:1/keys", Issuer: "x", Audience: "y", Algorithms: []string{"ES256", "HS256", "none"}}
		}, []string{"auth.jwt.algorithms[1]: ", "auth.jwt.algorithms[2]: "}},
		"all at once": {func(c *eventbridge.Config) {
			c.Path, c.RetryAfter, c.Auth.APIKey.Header = "x", time.Millisecond, ""
		}, []string{"path: ", "retry_after: ", "auth.api_key.header: ", "auth: "}},
		"odd retry_after": {func(c *eventbridge.Config) {
			c.Auth.APIKey.Value, c.RetryAfter = secret, 1500*time.Millisecond
		}, []string{"retry_after: "}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := eventbridge.DefaultConfig()
			tt.change(&cfg)
			connectortest.Problems(t, cfg.Validate(), tt.want, "hunter2")
			require.NotContains(t, fmt.Sprintf("%+v %#v", cfg, cfg), "hunter2")
		})
	}
}
