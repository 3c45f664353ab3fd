package config

import (
	"fmt"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"carillon/pipeline"
	"carillon/pipeline/dedupe"
	"carillon/pipeline/deliver"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/router"
	"carillon/pipeline/telemetry"
)

// Config is a whole configuration: every part decoded over its defaults and accepted by its Validate.
type Config struct {
	// NATS is nats: where JetStream runs.
	NATS journal.ConnectConfig
	// Stream is stream: names and limits of what JetStream holds.
	Stream journal.StreamConfig
	// HTTP is http: the listener of the receivers.
	HTTP router.HTTPConfig
	// Admin is admin: the listener for operators.
	Admin router.AdminConfig
	// Delivery is delivery: what concerns all sinks together.
	Delivery router.DeliveryConfig
	// Shutdown is shutdown: how long a stop may take.
	Shutdown router.ShutdownConfig
	// Identity is identity: what counts as a copy of an event.
	Identity dedupe.Config
	// Order is order: how order is restored within a meeting.
	Order order.Config
	// Log is log: what is logged and how.
	Log telemetry.LogConfig
	// Sources is sources:, sorted by ID. It may be empty.
	Sources []Source
	// Sinks is sinks:, sorted by ID. It may be empty.
	Sinks []Sink

	effective []byte
	// written are the ids of sources and of sinks in the order of the file.
	written map[string][]string
}

// Source is one entry of sources:.
type Source struct {
	// ID is the key of the entry: a lower-case letter, then up to 31 of a-z, 0-9, "_" and "-".
	ID string
	// Type names the factory.
	Type string
	// Dedupe holds the key that every source understands.
	Dedupe dedupe.SourceConfig
	// Config is what the factory's Config returned, with the entry's other keys decoded into it.
	Config pipeline.Config
}

// Sink is one entry of sinks:.
type Sink struct {
	// ID is the key of the entry: a lower-case letter, then up to 31 of a-z, 0-9, "_" and "-".
	ID string
	// Type names the factory.
	Type string
	// Deliver holds the keys that every sink understands.
	Deliver deliver.Config
	// Config is what the factory's Config returned, with the entry's other keys decoded into it.
	Config pipeline.Config
}

// Load reads the file at path; see LoadBytes. A file that cannot be read is not an Errors but wraps the reason.
func Load(path string, factories pipeline.Factories, env []string) (*Config, error) {
	text, err := file.Provider(path).ReadBytes()
	if err != nil {
		return nil, fmt.Errorf("reading configuration: %w", err)
	}
	return LoadBytes(path, text, factories, env)
}

// LoadBytes loads a configuration from YAML text, overridden by the variables in env (NAME=value, as os.Environ gives
// them), laid over the defaults. name stands for the file in problems. What type: may say is what factories holds. An error
// that is about the content is an Errors. It reads the files that ${file:} names and nothing else.
func LoadBytes(name string, text []byte, factories pipeline.Factories, env []string) (*Config, error) {
	r := newReport(name)
	tree := parse(text, r)
	if tree == nil {
		return nil, r.problems.sorted()
	}
	vars := environ(env)
	user := koanf.New(".")
	if err := user.Load(confmap.Provider(tree, ""), nil); err != nil {
		return nil, fmt.Errorf("merging configuration: %w", err)
	}
	if err := user.Load(overrides(vars, r), nil); err != nil {
		return nil, fmt.Errorf("merging environment: %w", err)
	}
	l := loader{
		decoder:   &decoder{report: r, references: references{env: vars}, secrets: map[string]bool{}},
		effective: koanf.New("."),
	}
	c, err := l.load(user.Raw(), factories)
	if err != nil {
		return nil, err
	}
	if len(r.problems) > 0 {
		return nil, r.problems.sorted()
	}
	return c, nil
}

// Effective returns the configuration as YAML the way it was merged: defaults, file and environment, with every key.
// References stand as they were written. Fields of type pipeline.Secret are redacted unless they are nothing but one
// reference without a default, and so are user and password of a URL; the result can be loaded again only if none is written
// out. It is nil for a Config that was not loaded.
func (c *Config) Effective() []byte { return c.effective }

// loader builds a Config from what the user set.
type loader struct {
	*decoder
	// effective gathers the merged configuration.
	effective *koanf.Koanf
}

// load decodes and validates every part. The error is of the merging; problems of the content are in the report.
func (l *loader) load(user map[string]any, factories pipeline.Factories) (*Config, error) {
	c := &Config{}
	merged := map[string]any{}
	names := []string{"sources", "sinks"}
	for _, s := range c.sections() {
		names = append(names, s.name)
		part, err := l.part(s.name, user[s.name], nil, s.target)
		if err != nil {
			return nil, err
		}
		merged[s.name] = part
	}
	l.unknown("", user, names)
	var err error
	if merged["sources"], err = l.sources(user["sources"], factories.Sources, c); err != nil {
		return nil, err
	}
	if merged["sinks"], err = l.sinks(user["sinks"], factories.Sinks, c); err != nil {
		return nil, err
	}
	l.whole(c)
	if len(l.problems) > 0 {
		return nil, nil //nolint:nilnil // the problems are in the report
	}
	c.written = map[string][]string{"sources": l.inOrder("sources", merged["sources"]), "sinks": l.inOrder("sinks", merged["sinks"])}
	return c, l.print(c, merged)
}

// print keeps the merged configuration for Effective.
func (l *loader) print(c *Config, merged map[string]any) error {
	shown, _ := hideSecrets("", merged, l.secrets).(map[string]any)
	if err := l.effective.Load(confmap.Provider(shown, ""), nil); err != nil {
		return fmt.Errorf("merging effective configuration: %w", err)
	}
	var err error
	if c.effective, err = l.effective.Marshal(yaml.Parser()); err != nil {
		return fmt.Errorf("writing effective configuration: %w", err)
	}
	return nil
}
