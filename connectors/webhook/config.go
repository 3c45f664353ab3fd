package webhook

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
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
)

// Config is what the user says about a webhook sink.
type Config struct {
	// URL is where events are posted: http or https, with a host. Required. It is a secret, because the path or the query
	// of a webhook is often the credential. A user and a password in it are sent as basic authentication.
	URL pipeline.Secret `koanf:"url"`
	// Timeout is how long one request may take, from connecting to the end of the answer: 1ms to 10m. Default 10s.
	Timeout time.Duration `koanf:"timeout"`
	// Headers are added to every request: name to value. Names that HTTP itself or this sink sets are refused.
	Headers map[string]pipeline.Secret `koanf:"headers"`
	// Format is what is posted: raw, json, eventbridge, cloudevents or cloudevents-binary; see package format. Default raw.
	Format format.Format `koanf:"format"`
	// Secret signs every request as Standard Webhooks wants it: base64 of 24 to 64 bytes, with or without whsec_ before it.
	// Empty: no signature.
	Secret pipeline.Secret `koanf:"secret"`
	// PreviousSecret signs every request as well, so that receivers may go over to secret one after the other. Empty: none.
	PreviousSecret pipeline.Secret `koanf:"previous_secret"`
	// TLS says whom to trust and which certificate to show. For https only.
	TLS tlsfiles.Config `koanf:"tls"`
}

func formats() []format.Format {
	return []format.Format{format.Raw, format.JSON, format.EventBridge, format.CloudEvents, format.CloudEventsBinary}
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config { return Config{Timeout: defaultTimeout, Format: format.Raw} }

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	u, err := parseURL(c.URL)
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("url: %w", err))
	case u.Scheme != "https" && !c.TLS.IsZero():
		errs = append(errs, errors.New("tls: the URL begins with http://"))
	}
	if c.Timeout < minTimeout || c.Timeout > maxTimeout {
		errs = append(errs, fmt.Errorf("timeout: %s is outside %s to %s", c.Timeout, minTimeout, maxTimeout))
	}
	if err := c.Format.Validate(formats()...); err != nil {
		errs = append(errs, fmt.Errorf("format: %w", err))
	}
	errs = append(errs, c.validateHeaders()...)
	errs = append(errs, c.validateSecrets()...)
	return errors.Join(append(errs, c.TLS.Validate())...)
}

func (c *Config) validateSecrets() []error {
	var errs []error
	if _, err := parseKey(c.Secret); err != nil && !c.Secret.IsZero() {
		errs = append(errs, fmt.Errorf("secret: %w", err))
	}
	if c.PreviousSecret.IsZero() {
		return errs
	}
	_, err := parseKey(c.PreviousSecret)
	switch {
	case err != nil:
		errs = append(errs, fmt.Errorf("previous_secret: %w", err))
	case c.Secret.IsZero():
		errs = append(errs, errors.New("previous_secret: needs secret, the one that comes after it"))
	case c.Secret == c.PreviousSecret:
		errs = append(errs, errors.New("previous_secret: the same as secret"))
	}
	return errs
}

func (c *Config) validateHeaders() []error {
	var errs []error
	seen := map[string]string{}
	for _, name := range sortedKeys(c.Headers) {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		switch other, twice := seen[canonical]; {
		case !isToken(name):
			errs = append(errs, fmt.Errorf("headers.%s: not a name of an HTTP header", name))
		case reserved(canonical):
			errs = append(errs, fmt.Errorf("headers.%s: set by the sink itself", name))
		case twice:
			errs = append(errs, fmt.Errorf("headers.%s: the same header as %s", name, other))
		case !isFieldValue(c.Headers[name].Reveal()):
			errs = append(errs, fmt.Errorf("headers.%s: the value has a line break or another control character", name))
		}
		seen[canonical] = name
	}
	return errs
}

func sortedKeys(headers map[string]pipeline.Secret) []string {
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// parseURL reads what Validate accepts. Its errors never quote the URL.
func parseURL(secret pipeline.Secret) (*url.URL, error) {
	if secret.IsZero() {
		return nil, errors.New("required: where to post, such as https://example.com/hooks/chime")
	}
	u, err := url.Parse(secret.Reveal())
	switch {
	case err != nil:
		return nil, errors.New("not a URL such as https://example.com/hooks/chime")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("begins with neither http:// nor https://")
	case u.Hostname() == "":
		return nil, errors.New("names no host")
	case u.Fragment != "":
		return nil, errors.New("has a fragment (#), which is never sent")
	}
	return u, nil
}

// reserved reports whether the sink or the protocol sets the header.
func reserved(canonical string) bool {
	switch canonical {
	case "Host", "Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Connection", "Keep-Alive",
		"Trailer", "Te", "Upgrade", "Expect", http.CanonicalHeaderKey(idempotencyHeader):
		return true
	}
	return strings.HasPrefix(canonical, "Carillon-") || strings.HasPrefix(canonical, "Webhook-") || strings.HasPrefix(canonical, "Ce-")
}

// isToken follows RFC 9110 section 5.6.2.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		alnum := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		return !alnum && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// isFieldValue follows RFC 9110 section 5.5.
func isFieldValue(value string) bool {
	for i := range len(value) {
		if b := value[i]; b < ' ' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}
