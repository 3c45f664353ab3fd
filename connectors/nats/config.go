package nats

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"carillon/connectors/format"
	"carillon/connectors/tlsfiles"
	"carillon/pipeline"
)

const (
	minTimeout     = time.Millisecond
	maxTimeout     = 10 * time.Minute
	defaultTimeout = 10 * time.Second
	defaultSubject = "carillon.events.{key}"
)

// Mode is how messages are published.
type Mode string

const (
	// ModeJetStream publishes to a stream, which acknowledges each message.
	ModeJetStream Mode = "jetstream"
	// ModeCore publishes to whoever subscribes.
	ModeCore Mode = "core"
)

// Config is what the user says about a NATS sink.
type Config struct {
	// URL names the servers, separated by commas: nats:// or tls://, with a host each. Required. It is a secret, because a user
	// and a password, or a token, may stand in it.
	URL pipeline.Secret `koanf:"url"`
	// Creds is a file with the credentials of a NATS user. Empty: none.
	Creds string `koanf:"creds"`
	// Mode is jetstream or core. Default jetstream.
	Mode Mode `koanf:"mode"`
	// Subject is what to publish to, with {key}, {kind}, {source} and {id} for those of the event. It must not be one of the
	// router's own streams. Default carillon.events.{key}.
	Subject string `koanf:"subject"`
	// Stream is the stream that must have the subject; a message for any other is refused. Empty: whichever has it. For
	// jetstream only. The sink does not make streams.
	Stream string `koanf:"stream"`
	// Timeout is how long a message may wait for its answer: 1ms to 10m. Default 10s.
	Timeout time.Duration `koanf:"timeout"`
	// Format is what is published: raw, json, eventbridge, cloudevents or cloudevents-binary; see package format. Default raw.
	Format format.Format `koanf:"format"`
	// TLS says whom to trust and which certificate to show. With it nats:// speaks TLS, too.
	TLS tlsfiles.Config `koanf:"tls"`
}

func formats() []format.Format {
	return []format.Format{format.Raw, format.JSON, format.EventBridge, format.CloudEvents, format.CloudEventsBinary}
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{Mode: ModeJetStream, Subject: defaultSubject, Timeout: defaultTimeout, Format: format.Raw}
}

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	if _, err := parseServers(c.URL); err != nil {
		errs = append(errs, fmt.Errorf("url: %w", err))
	}
	switch {
	case c.Mode != ModeJetStream && c.Mode != ModeCore:
		errs = append(errs, fmt.Errorf("mode: %q is neither jetstream nor core", string(c.Mode)))
	case c.Mode == ModeCore && c.Stream != "":
		errs = append(errs, errors.New("stream: only with mode: jetstream"))
	case strings.ContainsAny(c.Stream, " \t\r\n.*>/\\"):
		errs = append(errs, fmt.Errorf("stream: %q is no name of a stream", c.Stream))
	}
	if _, err := parseSubject(c.Subject); err != nil {
		errs = append(errs, fmt.Errorf("subject: %w", err))
	}
	if c.Timeout < minTimeout || c.Timeout > maxTimeout {
		errs = append(errs, fmt.Errorf("timeout: %s is outside %s to %s", c.Timeout, minTimeout, maxTimeout))
	}
	if err := c.Format.Validate(formats()...); err != nil {
		errs = append(errs, fmt.Errorf("format: %w", err))
	}
	return errors.Join(append(errs, c.TLS.Validate())...)
}

// parseServers reads what Validate accepts. Its errors never quote an address.
func parseServers(secret pipeline.Secret) ([]string, error) {
	if secret.IsZero() {
		return nil, errors.New("required: where the servers are, such as nats://nats-0:4222,nats://nats-1:4222")
	}
	var servers []string
	for part := range strings.SplitSeq(secret.Reveal(), ",") {
		part = strings.TrimSpace(part)
		u, err := url.Parse(part)
		switch {
		case err != nil:
			return nil, errors.New("not a URL such as nats://nats-0:4222")
		case u.Scheme != "nats" && u.Scheme != "tls":
			return nil, errors.New("begins with neither nats:// nor tls://")
		case u.Hostname() == "":
			return nil, errors.New("names no host")
		}
		servers = append(servers, part)
	}
	return servers, nil
}
