package redis

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"carillon/connectors/format"
	"carillon/connectors/tlsfiles"
	"carillon/pipeline"
)

const (
	minTimeout     = time.Millisecond
	maxTimeout     = 10 * time.Minute
	defaultTimeout = 10 * time.Second
	defaultStream  = "carillon:events"
	keyPlaceholder = "{key}"
)

// Config is what the user says about a Redis sink.
type Config struct {
	// URL is the server: redis:// or rediss:// (TLS), a host, and perhaps a port (default 6379) and /database (default 0).
	// Required. It is a secret, because a user and a password may stand in it.
	URL pipeline.Secret `koanf:"url"`
	// Stream is the key of the stream, with {key} for that of the event. Default carillon:events.
	Stream string `koanf:"stream"`
	// MaxLen is about how many entries a stream keeps. Default 0: all of them.
	MaxLen int64 `koanf:"max_len"`
	// Timeout is how long a Write may wait for its answer, and for a connection before that: 1ms to 10m. Default 10s.
	Timeout time.Duration `koanf:"timeout"`
	// Format is what the field body has: raw, json, eventbridge or cloudevents; see package format. Default raw.
	Format format.Format `koanf:"format"`
	// TLS says whom to trust and which certificate to show. For rediss only.
	TLS tlsfiles.Config `koanf:"tls"`
}

func formats() []format.Format {
	return []format.Format{format.Raw, format.JSON, format.EventBridge, format.CloudEvents}
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{Stream: defaultStream, Timeout: defaultTimeout, Format: format.Raw}
}

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	server, err := parseURL(c.URL)
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("url: %w", err))
	case server.TLSConfig == nil && !c.TLS.IsZero():
		errs = append(errs, errors.New("tls: the URL begins with redis://"))
	}
	if c.Stream == "" {
		errs = append(errs, errors.New("stream: required: the key of a stream, such as carillon:events"))
	}
	if c.MaxLen < 0 {
		errs = append(errs, fmt.Errorf("max_len: %d is negative", c.MaxLen))
	}
	if c.Timeout < minTimeout || c.Timeout > maxTimeout {
		errs = append(errs, fmt.Errorf("timeout: %s is outside %s to %s", c.Timeout, minTimeout, maxTimeout))
	}
	if err := c.Format.Validate(formats()...); err != nil {
		errs = append(errs, fmt.Errorf("format: %w", err))
	}
	return errors.Join(append(errs, c.TLS.Validate())...)
}

// parseURL reads what Validate accepts. Its errors never quote the URL.
func parseURL(secret pipeline.Secret) (*goredis.Options, error) {
	text := secret.Reveal()
	switch {
	case text == "":
		return nil, errors.New("required: where the server is, such as redis://example.com:6379/0")
	case !strings.HasPrefix(text, "redis://") && !strings.HasPrefix(text, "rediss://"):
		return nil, errors.New("begins with neither redis:// nor rediss://")
	case strings.ContainsAny(text, "?#"):
		return nil, errors.New("has a query or a fragment, which is not looked at")
	}
	server, err := goredis.ParseURL(text)
	if u, urlErr := url.Parse(text); err != nil || urlErr != nil || u.Hostname() == "" {
		return nil, errors.New("not a URL such as redis://example.com:6379/0")
	}
	return server, nil
}
