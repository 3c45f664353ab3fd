package sns

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"carillon/connectors/entries"
	"carillon/connectors/receive"
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
	// Subscribe makes the subscriptions of these topics at start.
	Subscribe SubscribeConfig `koanf:"subscribe"`
	// Basic is a user name and a password that every request must carry. SNS sends those in the URL of the subscription.
	Basic BasicConfig `koanf:"basic"`
	// Raw takes raw deliveries too, which have no signature: they are believed for their password, so basic must be set.
	// With false they are refused.
	Raw bool `koanf:"raw"`
	// Endpoint is the URL of the SNS API, for emulators. Empty: the endpoint of the topic's region.
	Endpoint string `koanf:"endpoint"`
	// AccessKeyID signs calls to the SNS API together with secret_access_key. Both empty: confirmations are not signed,
	// which AWS allows, and subscribe uses the credentials that the AWS SDK finds in the environment, in files or in the
	// role of the machine.
	AccessKeyID pipeline.Secret `koanf:"access_key_id"`
	// SecretAccessKey belongs to access_key_id.
	SecretAccessKey pipeline.Secret `koanf:"secret_access_key"`
}

// SubscribeConfig is the part of the configuration under subscribe.
type SubscribeConfig struct {
	// Endpoint is the public URL of path, such as https://router.example.com/sns. Empty: nothing is subscribed. At start each
	// topic is subscribed to it, unless it is already, to be delivered again for 3,600 s and not raw. This needs the
	// permission sns:Subscribe, and where a subscription is there with other settings also sns:ListSubscriptionsByTopic and
	// sns:SetSubscriptionAttributes. The user and password of basic are added by themselves.
	Endpoint string `koanf:"endpoint"`
}

// BasicConfig is the part of the configuration under basic.
type BasicConfig struct {
	// Username is the user name, without a colon. Empty: no user and password are asked for.
	Username string `koanf:"username"`
	// Password is the password.
	Password pipeline.Secret `koanf:"password"`
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
	if err := checkEndpoint(c.Subscribe.Endpoint); err != nil {
		errs = append(errs, fmt.Errorf("subscribe.endpoint: %w", err))
	}
	if c.Subscribe.Endpoint != "" && !c.Confirm {
		errs = append(errs, errors.New("subscribe.endpoint: needs confirm: true, or the subscriptions stay unconfirmed"))
	}
	errs = append(errs, receive.CheckBasic("basic", c.Basic.Username, c.Basic.Password)...)
	if c.Raw && !c.Basic.set() {
		errs = append(errs, errors.New("raw: needs basic: raw deliveries carry no signature, so without a password anyone could send them"))
	}
	return errors.Join(append(errs, entries.CheckKeys(c.AccessKeyID, c.SecretAccessKey))...)
}

// destination is where SNS shall post to, user and password included. The configuration must be valid.
func (c *Config) destination() *url.URL {
	u, err := url.Parse(c.Subscribe.Endpoint)
	if err != nil {
		return &url.URL{}
	}
	if c.Basic.set() {
		u.User = url.UserPassword(c.Basic.Username, c.Basic.Password.Reveal())
	}
	return u
}

func (c *BasicConfig) set() bool { return c.Username != "" || !c.Password.IsZero() }

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
		return errors.New("must be a URL such as https://router.example.com/sns, without a user")
	}
	return nil
}
