package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/postgres"
	"carillon/pipeline"
)

func TestConfig_Validate(t *testing.T) {
	const value = "hidden"
	long := strings.Repeat("a", 64)
	for name, row := range map[string]struct {
		change func(*postgres.Config)
		want   []string
	}{
		"defaults and a URL": {func(*postgres.Config) {}, nil},
		"with a schema":      {func(c *postgres.Config) { c.Table, c.Attendance = "chime.events", "chime.attendance_2" }, nil},
		"no URL":             {func(c *postgres.Config) { c.URL = pipeline.Secret{} }, []string{"url: required"}},
		"another scheme":     {address("mysql://hidden/x"), []string{"url: begins with neither"}},
		"no URL at all":      {address("postgres://hidden:x y/"), []string{"url: not a URL"}},
		"an escape":          {address("postgres://u:%zzhidden@x/"), []string{"url: not a URL"}},
		"a hash":             {address("postgres://u@x/db#hidden"), []string{"url: has a fragment"}},
		"no table":           {func(c *postgres.Config) { c.Table = "" }, []string{"table: "}},
		"SQL":                {func(c *postgres.Config) { c.Table = `x"; DROP TABLE y` }, []string{"table: "}},
		"upper case":         {func(c *postgres.Config) { c.Attendance = "Attendance" }, []string{"attendance: "}},
		"three names":        {func(c *postgres.Config) { c.Table = "a.b.c" }, []string{"table: "}},
		"a long name":        {func(c *postgres.Config) { c.Table = long }, []string{"table: "}},
		"one table":          {func(c *postgres.Config) { c.Attendance = c.Table }, []string{"attendance: the same"}},
		"another format":     {func(c *postgres.Config) { c.Format = "cloudevents-binary" }, []string{"format: "}},
		"no batch":           {func(c *postgres.Config) { c.Batch = 0 }, []string{"batch: 0 is outside 1 to 5000"}},
		"no connections":     {func(c *postgres.Config) { c.Connections = 101 }, []string{"connections: 101 is outside 1 to 100"}},
		"a long timeout":     {func(c *postgres.Config) { c.Timeout = time.Hour }, []string{"timeout: 1h0m0s is outside 10ms to 10m0s"}},
		"all at once": {
			func(c *postgres.Config) { *c = postgres.Config{Attendance: "-"} },
			[]string{"url: ", "table: ", "attendance: ", "format: ", "batch: ", "connections: ", "timeout: "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := postgres.DefaultConfig()
			address("postgres://user:hidden@db.example.com/chime?sslmode=verify-full")(&cfg)
			row.change(&cfg)
			require.NotContains(t, fmt.Sprintf("%v %+v", cfg, &cfg), value)
			connectortest.Problems(t, cfg.Validate(), row.want, value)
		})
	}
}

func address(url string) func(*postgres.Config) {
	return func(c *postgres.Config) { c.URL = pipeline.NewSecret(url) }
}
