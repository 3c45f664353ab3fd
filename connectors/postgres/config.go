package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"carillon/connectors/format"
	"carillon/pipeline"
)

const (
	defaultTable       = "carillon_events"
	defaultBatch       = 256
	maxBatch           = 5000
	defaultConnections = 4
	maxConnections     = 100
	minTimeout         = 10 * time.Millisecond
	maxTimeout         = 10 * time.Minute
	defaultTimeout     = 30 * time.Second
)

// Config is what the user says about a postgres sink.
type Config struct {
	// URL is where the database is: postgres://user:password@host:5432/database, with the parameters of libpq behind a ?, such
	// as sslmode=verify-full and sslrootcert. Required. Behind PgBouncer before 1.21 add default_query_exec_mode=exec.
	URL pipeline.Secret `koanf:"url"`
	// Table is where the events go: a name, or schema.name, of letters in lower case, digits and _. Default carillon_events.
	Table string `koanf:"table"`
	// Attendance is a second table with a row for each session of each attendee, kept up with the events. Empty: none.
	Attendance string `koanf:"attendance"`
	// Create makes the tables that are missing. With false they must be there. Default true.
	Create bool `koanf:"create"`
	// Format is what stands in the column event: raw, json, eventbridge or cloudevents; see package format. Default raw.
	Format format.Format `koanf:"format"`
	// Batch is up to how many events share a transaction: 1 to 5000. Default 256.
	Batch int `koanf:"batch"`
	// Connections is up to how many are open, each with one transaction at a time: 1 to 100. Default 4.
	Connections int `koanf:"connections"`
	// Timeout is how long a transaction may take, with the wait for a connection: 10ms to 10m. Default 30s.
	Timeout time.Duration `koanf:"timeout"`
}

func formats() []format.Format {
	return []format.Format{format.Raw, format.JSON, format.EventBridge, format.CloudEvents}
}

// DefaultConfig returns the defaults. They lack a URL and so are not valid by themselves.
func DefaultConfig() Config {
	return Config{
		Table: defaultTable, Create: true, Format: format.Raw, Batch: defaultBatch, Connections: defaultConnections, Timeout: defaultTimeout,
	}
}

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	if err := checkURL(c.URL); err != nil {
		errs = append(errs, fmt.Errorf("url: %w", err))
	}
	if !isTable(c.Table) {
		errs = append(errs, fmt.Errorf("table: %q is neither a name nor schema.name, of letters in lower case, digits and _", c.Table))
	}
	switch {
	case c.Attendance == "":
	case !isTable(c.Attendance):
		errs = append(errs, fmt.Errorf("attendance: %q is neither a name nor schema.name, of letters in lower case, digits and _", c.Attendance))
	case c.Attendance == c.Table:
		errs = append(errs, errors.New("attendance: the same table as table"))
	}
	if err := c.Format.Validate(formats()...); err != nil {
		errs = append(errs, fmt.Errorf("format: %w", err))
	}
	if c.Batch < 1 || c.Batch > maxBatch {
		errs = append(errs, fmt.Errorf("batch: %d is outside 1 to %d", c.Batch, maxBatch))
	}
	if c.Connections < 1 || c.Connections > maxConnections {
		errs = append(errs, fmt.Errorf("connections: %d is outside 1 to %d", c.Connections, maxConnections))
	}
	if c.Timeout < minTimeout || c.Timeout > maxTimeout {
		errs = append(errs, fmt.Errorf("timeout: %s is outside %s to %s", c.Timeout, minTimeout, maxTimeout))
	}
	return errors.Join(errs...)
}

// checkURL looks at the form alone: the files that the parameters name need not be on the machine that checks. Its errors
// never quote the URL.
func checkURL(secret pipeline.Secret) error {
	if secret.IsZero() {
		return errors.New("required: such as postgres://db.example.com:5432/chime, with user and password before the host")
	}
	u, err := url.Parse(secret.Reveal())
	switch {
	case err != nil:
		return errors.New("not a URL such as postgres://db.example.com:5432/chime, with user and password before the host")
	case u.Scheme != "postgres" && u.Scheme != "postgresql":
		return errors.New("begins with neither postgres:// nor postgresql://")
	case u.Fragment != "":
		return errors.New("has a fragment (#): write the # of a password as %23")
	}
	return nil
}

var tableForm = regexp.MustCompile(`^([a-z_][a-z0-9_]{0,62})(?:\.([a-z_][a-z0-9_]{0,62}))?$`)

// isTable reports whether name may be the name of a table: up to 63 bytes, as PostgreSQL has it.
func isTable(name string) bool { return tableForm.MatchString(name) }

// identifier returns a valid name of a table as it may stand in SQL.
func identifier(table string) string {
	parts := tableForm.FindStringSubmatch(table)
	if parts == nil {
		return ""
	}
	if parts[2] == "" {
		return pgx.Identifier{parts[1]}.Sanitize()
	}
	return pgx.Identifier{parts[1], parts[2]}.Sanitize()
}
