package sns

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"carillon/connectors/eventbridge/receive"
	"carillon/pipeline"
)

const (
	defaultPath   = "/sns"
	defaultMaxAge = 75 * time.Minute
	leastMaxAge   = time.Minute
)

// Config is the user's part of an sns source.
type Config struct {
	// Path is where the shared listener takes requests: / and a name, such as /sns. Each source needs its own.
	Path string `koanf:"path"`
	// TopicArns are the topics whose messages are taken, at least one, such as
	// arn:aws:sns:us-east-1:111122223333:chime. Messages of any other topic are refused.
	TopicArns []string `koanf:"topic_arns"`
	// RequireSignatureVersion is 0 (take signature versions 1, SHA-1, and 2, SHA-256) or 2 (take only 2). Topics sign with
	// version 1 until their attribute SignatureVersion is set to 2.
	RequireSignatureVersion int `koanf:"require_signature_version"`
	// MaxAge is how old the Timestamp of a message may be. SNS tries for at most 1h. At least 1m; 0 sets no limit.
	MaxAge time.Duration `koanf:"max_age"`
	// Confirm confirms the subscriptions of these topics when SNS asks for it. With false a request to confirm is only logged.
	Confirm bool `koanf:"confirm"`
	// Endpoint is the URL of the SNS API for confirmations, for emulators. Empty: the endpoint of the topic's region.
	Endpoint string `koanf:"endpoint"`
	// AccessKeyID signs confirmations together with secret_access_key. Both empty: they are not signed, which AWS allows.
	AccessKeyID pipeline.Secret `koanf:"access_key_id"`
	// SecretAccessKey belongs to access_key_id.
	SecretAccessKey pipeline.Secret `koanf:"secret_access_key"`
}

// DefaultConfig returns the defaults of an sns source. They lack topic_arns and so are not valid by themselves.
func DefaultConfig() Config {
	return Config{Path: defaultPath, MaxAge: defaultMaxAge, Confirm: true}
}

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	if err := receive.CheckPath(c.Path); err != nil {
		errs = append(errs, fmt.Errorf("path: %w", err))
	}
	errs = append(errs, checkTopics(c.TopicArns)...)
	if c.RequireSignatureVersion != 0 && c.RequireSignatureVersion != 2 {
		errs = append(errs, fmt.Errorf("require_signature_version: %d is neither 0 nor 2", c.RequireSignatureVersion))
	}
	if c.MaxAge != 0 && c.MaxAge < leastMaxAge {
		errs = append(errs, fmt.Errorf("max_age: %s is neither 0 nor at least %s", c.MaxAge, leastMaxAge))
	}
	if err := checkEndpoint(c.Endpoint); err != nil {
		errs = append(errs, fmt.Errorf("endpoint: %w", err))
	}
	if c.AccessKeyID.IsZero() != c.SecretAccessKey.IsZero() {
		errs = append(errs, errors.New("access_key_id: must be set together with secret_access_key"))
	}
	return errors.Join(errs...)
}

func checkTopics(arns []string) []error {
	if len(arns) == 0 {
		return []error{errors.New("topic_arns: name at least one topic, such as arn:aws:sns:us-east-1:111122223333:chime")}
	}
	var errs []error
	seen := map[string]bool{}
	for _, arn := range arns {
		if _, err := parseTopic(arn); err != nil {
			errs = append(errs, fmt.Errorf("topic_arns: %w", err))
		}
		if seen[arn] {
			errs = append(errs, fmt.Errorf("topic_arns: %q is named twice", arn))
		}
		seen[arn] = true
	}
	return errs
}

func checkEndpoint(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return errors.New("want a URL such as http://127.0.0.1:4566, without a user")
	}
	return nil
}
