package redis

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/tlsfiles"
	"carillon/pipeline"
)

func TestConfig_Validate(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"defaults and a URL": {func(*Config) {}, nil},
		"only a host":        {address("redis://example.com"), nil},
		"TLS":                {func(c *Config) { address("rediss://:hidden@example.com:6380/3")(c); c.TLS.CA = "ca" }, nil},
		"no URL":             {address(""), []string{"url: required"}},
		"another scheme":     {address("unix://hidden"), []string{"url: begins with neither"}},
		"a query":            {address("redis://hidden?skip_verify=true"), []string{"url: has a query"}},
		"no URL at all":      {address("redis://hidden:x y"), []string{"url: not a URL"}},
		"no host":            {address("redis://:6379"), []string{"url: not a URL"}},
		"a bad database":     {address("redis://hidden/x"), []string{"url: not a URL"}},
		"no stream":          {func(c *Config) { c.Stream = "" }, []string{"stream: required"}},
		"a negative length":  {func(c *Config) { c.MaxLen = -1 }, []string{"max_len: -1 is negative"}},
		"no timeout":         {func(c *Config) { c.Timeout = 0 }, []string{"timeout: 0s is outside 1ms to 10m0s"}},
		"a binary format":    {func(c *Config) { c.Format = "cloudevents-binary" }, []string{`format: "cloudevents-binary" is not raw`}},
		"TLS without TLS":    {func(c *Config) { c.TLS.CA = "ca" }, []string{"tls: the URL begins with redis://"}},
		"half a certificate": {func(c *Config) { address("rediss://x")(c); c.TLS = tlsfiles.Config{Key: "k"} }, []string{"tls.cert: required"}},
		"all at once": {func(c *Config) { *c = Config{MaxLen: -1, Timeout: time.Hour} }, []string{
			"url: ", "stream: ", "max_len: ", "timeout: ", "format: ",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig()
			address("redis://user:hidden@example.com:6379/1")(&cfg)
			row.change(&cfg)
			require.NotContains(t, fmt.Sprintf("%v %+v", cfg, &cfg), "hidden")
			connectortest.Problems(t, cfg.Validate(), row.want, "hidden")
		})
	}
}

func address(url string) func(*Config) {
	return func(c *Config) { c.URL = pipeline.NewSecret(url) }
}
