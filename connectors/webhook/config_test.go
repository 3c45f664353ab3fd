package webhook

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/tlsfiles"
	"carillon/pipeline"
)

func TestConfig_Validate(t *testing.T) {
	const value = "hidden"
	for name, row := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"defaults and a URL":  {func(*Config) {}, nil},
		"several headers":     {headers("X-Api-Key", value, "Authorization", value, "User-Agent", value, "x_y", "a\tb"), nil},
		"no URL":              {func(c *Config) { c.URL = pipeline.Secret{} }, []string{"url: required"}},
		"no scheme":           {address("//hidden/x"), []string{"url: begins with neither"}},
		"another scheme":      {address("ftp://hidden/x"), []string{"url: begins with neither"}},
		"no host":             {address("https:///hidden"), []string{"url: names no host"}},
		"only a port":         {address("https://:80/hidden"), []string{"url: names no host"}},
		"a fragment":          {address("https://x/#hidden"), []string{"url: has a fragment"}},
		"no URL at all":       {address("https://hidden:x y/"), []string{"url: not a URL"}},
		"an escape":           {address("https://x/%zzhidden"), []string{"url: not a URL"}},
		"no timeout":          {func(c *Config) { c.Timeout = 0 }, []string{"timeout: 0s is outside 1ms to 10m0s"}},
		"a long timeout":      {func(c *Config) { c.Timeout = time.Hour }, []string{"timeout: 1h0m0s is outside"}},
		"a header with space": {headers("x y", value), []string{"headers.x y: not a name"}},
		"no header name":      {headers("", value), []string{"headers.: not a name"}},
		"our headers":         {headers("carillon-id", value, "host", value), []string{"headers.carillon-id: set by", "headers.host: set by"}},
		"a header twice":      {headers("x-a", value, "X-A", value), []string{"headers.x-a: the same header as X-A"}},
		"a line break":        {headers("x-a", "hidden\nX-B: c"), []string{"headers.x-a: the value has a line break"}},
		"a header of others":  {headers("ce-id", value, "webhook-id", value), []string{"headers.ce-id: set by", "headers.webhook-id: set by"}},
		"another format":      {func(c *Config) { c.Format = "xml" }, []string{`format: "xml" is not raw, json, eventbridge, cloudevents or`}},
		"signed":              {keys(strings.Repeat("a", 32), ""), nil},
		"signed twice":        {keys("whsec_"+strings.Repeat("a", 32), strings.Repeat("b", 84)), nil},
		"no base64":           {keys("hidden!", "hidden?"), []string{"secret: not base64", "previous_secret: not base64"}},
		"a short secret":      {keys("hiddenhidden", ""), []string{"secret: stands for 9 bytes, which is outside 24 to 64"}},
		"a long secret":       {keys(strings.Repeat("hidden", 16), ""), []string{"secret: stands for 72 bytes"}},
		"only the old secret": {keys("", strings.Repeat("a", 32)), []string{"previous_secret: needs secret"}},
		"the same secret":     {keys(strings.Repeat("a", 32), strings.Repeat("a", 32)), []string{"previous_secret: the same"}},
		"a certificate":       {func(c *Config) { c.TLS = tlsfiles.Config{CA: "ca", Cert: "cert", Key: "key"} }, nil},
		"half a certificate":  {func(c *Config) { c.TLS.Cert = "cert" }, []string{"tls.key: required"}},
		"the other half":      {func(c *Config) { c.TLS.Key = "key" }, []string{"tls.cert: required"}},
		"TLS without TLS":     {func(c *Config) { address("http://x")(c); c.TLS.CA = "ca" }, []string{"tls: the URL begins with http://"}},
		"all at once": {func(c *Config) {
			c.URL, c.Timeout = pipeline.Secret{}, -1
			headers("host", value)(c)
		}, []string{"url: ", "timeout: ", "headers.host: "}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig()
			address("https://example.com/hidden?key=hidden")(&cfg)
			row.change(&cfg)
			require.NotContains(t, fmt.Sprintf("%v %+v", cfg, &cfg), value)
			connectortest.Problems(t, cfg.Validate(), row.want, value)
		})
	}
}

func address(url string) func(*Config) {
	return func(c *Config) { c.URL = pipeline.NewSecret(url) }
}

func headers(pairs ...string) func(*Config) {
	return func(c *Config) {
		c.Headers = map[string]pipeline.Secret{}
		for i := 0; i < len(pairs); i += 2 {
			c.Headers[pairs[i]] = pipeline.NewSecret(pairs[i+1])
		}
	}
}

func keys(secret, previous string) func(*Config) {
	return func(c *Config) { c.Secret, c.PreviousSecret = pipeline.NewSecret(secret), pipeline.NewSecret(previous) }
}
