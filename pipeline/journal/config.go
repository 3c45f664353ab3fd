package journal

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"carillon/pipeline"
)

// Sync says when the embedded server calls fsync.
type Sync string

const (
	// SyncAlways puts what is acknowledged on disk first.
	SyncAlways Sync = "always"
	// SyncInterval leaves it to the server's timer (2 minutes): a kill loses nothing, a power loss may.
	SyncInterval Sync = "interval"
)

// ConnectConfig is the part of the configuration under nats: where JetStream runs.
type ConnectConfig struct {
	// Embedded configures the server inside this process. It is used when url is empty.
	Embedded EmbeddedConfig `koanf:"embedded"`
	// URL names a NATS cluster, servers separated by commas: nats://a:4222,nats://b:4222. Empty: the embedded server.
	URL string `koanf:"url"`
	// Creds is the path of a NATS credentials file for url. Empty: none.
	Creds string `koanf:"creds"`
}

// EmbeddedConfig is the part of the configuration under nats.embedded.
type EmbeddedConfig struct {
	// Dir is the directory that holds the journal. One process at a time may use it.
	Dir string `koanf:"dir"`
	// Sync is always (what is acknowledged is on disk) or interval (every 2 minutes; a power loss may lose those).
	Sync Sync `koanf:"sync"`
	// Listen is a host:port for other NATS clients, such as the nats command line. Empty: no listener.
	Listen string `koanf:"listen"`
}

// StreamConfig is the part of the configuration under stream: names and limits of what JetStream holds.
type StreamConfig struct {
	// Prefix begins every stream and subject name: lower-case letters, digits and "-", at most 32.
	Prefix string `koanf:"prefix"`
	// Partitions is how many parts the meetings are spread over, 1 to 256. It is fixed when the streams are made.
	Partitions int `koanf:"partitions"`
	// Replicas is how many servers of a cluster hold each stream: 1, 3 or 5. The embedded server has 1.
	Replicas int `koanf:"replicas"`
	// Retention is how long events are kept, and so how long copies of one are recognised. At least 1m.
	Retention time.Duration `koanf:"retention"`
	// MaxBytes is how much space events may take. RAW may take a third of that more, the other streams a quarter together.
	// At least 16MiB.
	MaxBytes pipeline.Size `koanf:"max_bytes"`
	// RawKeep is how long notifications are kept after they were processed. 0 keeps none longer than needed.
	RawKeep time.Duration `koanf:"raw_keep"`
}

// DefaultConnect returns the defaults of nats:.
func DefaultConnect() ConnectConfig {
	return ConnectConfig{Embedded: EmbeddedConfig{Dir: "./carillon-data", Sync: SyncAlways}}
}

// DefaultStream returns the defaults of stream:.
func DefaultStream() StreamConfig {
	return StreamConfig{
		Prefix: "chime", Partitions: 8, Replicas: 1,
		Retention: 96 * time.Hour, MaxBytes: 10 * pipeline.GiB, RawKeep: 24 * time.Hour,
	}
}

// Validate joins every problem; each begins with its key path.
func (c *ConnectConfig) Validate() error {
	var errs []error
	if c.URL == "" && c.Embedded.Dir == "" {
		errs = append(errs, errors.New("embedded.dir: must name a directory, or set nats.url"))
	}
	if c.Embedded.Sync != SyncAlways && c.Embedded.Sync != SyncInterval {
		errs = append(errs, fmt.Errorf("embedded.sync: %q is neither always nor interval", c.Embedded.Sync))
	}
	if c.Creds != "" && c.URL == "" {
		errs = append(errs, errors.New("creds: is only used together with nats.url"))
	}
	for part := range strings.SplitSeq(c.URL, ",") {
		if c.URL != "" && !serverURL.MatchString(strings.TrimSpace(part)) {
			errs = append(errs, fmt.Errorf("url: %q is not of the form nats://host:port or tls://host:port", part))
		}
	}
	return errors.Join(errs...)
}

// Validate joins every problem; each begins with its key path.
func (c *StreamConfig) Validate() error {
	var errs []error
	if !prefixForm.MatchString(c.Prefix) {
		errs = append(errs, fmt.Errorf("prefix: %q must be 1 to 32 lower-case letters, digits and -, beginning with a letter", c.Prefix))
	}
	if c.Partitions < 1 || c.Partitions > 256 {
		errs = append(errs, fmt.Errorf("partitions: %d is outside 1 to 256", c.Partitions))
	}
	if c.Replicas != 1 && c.Replicas != 3 && c.Replicas != 5 {
		errs = append(errs, fmt.Errorf("replicas: %d is none of 1, 3, 5", c.Replicas))
	}
	if c.Retention < time.Minute {
		errs = append(errs, fmt.Errorf("retention: %s is less than 1m", c.Retention))
	}
	if c.MaxBytes < 16*pipeline.MiB {
		errs = append(errs, fmt.Errorf("max_bytes: %s is less than 16MiB", c.MaxBytes))
	}
	if c.RawKeep < 0 {
		errs = append(errs, fmt.Errorf("raw_keep: %s is negative", c.RawKeep))
	}
	return errors.Join(errs...)
}
