package kafka

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/tlsfiles"
	"carillon/pipeline"
)

func TestConfig_Validate(t *testing.T) {
	hidden := pipeline.NewSecret("hidden")
	for name, row := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"a broker and a topic": {func(*Config) {}, nil},
		"several brokers":      {brokers("a:1", "10.0.0.1:65535", "[::1]:9092"), nil},
		"SASL and TLS": {func(c *Config) {
			c.SASL = SASLConfig{MechanismScramSHA512, "u", hidden}
			c.Secure, c.TLS.CA = true, "ca"
		}, nil},
		"no brokers":             {brokers(), []string{"brokers: required"}},
		"no port":                {brokers("a:1", "b"), []string{`brokers[1]: "b" is not of the form`}},
		"no host":                {brokers(":9092"), []string{`brokers[0]: ":9092" is not`}},
		"a URL":                  {brokers("kafka://a:9092"), []string{"brokers[0]: "}},
		"port zero":              {brokers("a:0"), []string{"brokers[0]: "}},
		"no topic":               {name(""), []string{"topic: required"}},
		"a dot":                  {name("."), []string{`topic: "." is no name`}},
		"a long topic":           {name(strings.Repeat("a", 250)), []string{"topic: "}},
		"a slash":                {name("a/b"), []string{`topic: "a/b" has something else`}},
		"no timeout":             {func(c *Config) { c.Timeout = 0 }, []string{"timeout: 0s is outside 1ms to 10m0s"}},
		"another codec":          {func(c *Config) { c.Compression = "rar" }, []string{`compression: "rar" is none of`}},
		"small messages":         {func(c *Config) { c.MaxMessage = 100 }, []string{"max_message: 100B is outside 1KiB to 256MiB"}},
		"another format":         {func(c *Config) { c.Format = "xml" }, []string{`format: "xml" is not raw`}},
		"TLS without secure":     {func(c *Config) { c.TLS.CA = "ca" }, []string{"tls: only with secure"}},
		"half a certificate":     {func(c *Config) { c.Secure, c.TLS = true, tlsfiles.Config{Key: "k"} }, []string{"tls.cert: required"}},
		"another mechanism":      {func(c *Config) { c.SASL = SASLConfig{"PLAIN", "u", hidden} }, []string{`sasl.mechanism: "PLAIN" is none of`}},
		"a password alone":       {func(c *Config) { c.SASL.Password = hidden }, []string{"sasl.mechanism: ", "sasl.username: required"}},
		"a mechanism alone":      {func(c *Config) { c.SASL.Mechanism = MechanismPlain }, []string{"sasl.username: required", "sasl.password: required"}},
		"everything is left out": {func(c *Config) { *c = Config{} }, []string{"brokers: ", "topic: ", "timeout: ", "compression: ", "max_message: ", "format: "}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.Brokers, cfg.Topic = []string{"kafka-0:9092"}, "meetings"
			row.change(&cfg)
			require.NotContains(t, fmt.Sprintf("%v %+v", cfg, &cfg), "hidden")
			err := cfg.Validate()
			if row.want == nil {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			lines := strings.Split(err.Error(), "\n")
			require.Len(t, lines, len(row.want))
			for i, prefix := range row.want {
				require.True(t, strings.HasPrefix(lines[i], prefix), lines[i])
			}
		})
	}
}

func brokers(list ...string) func(*Config) { return func(c *Config) { c.Brokers = list } }

func name(topic string) func(*Config) { return func(c *Config) { c.Topic = topic } }

func TestPause_GrowsToALimit(t *testing.T) {
	for attempts := range 100 {
		d := pause(attempts)
		require.GreaterOrEqual(t, d, firstPause/2)
		require.LessOrEqual(t, d, longestPause)
		if attempts < 2 {
			require.LessOrEqual(t, d, firstPause+time.Nanosecond)
		}
	}
}
