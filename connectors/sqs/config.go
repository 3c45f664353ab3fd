package sqs

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"carillon/pipeline"
)

const (
	defaultPollers = 2
	maxPollers     = 64
	defaultWait    = 20 * time.Second
	maxWait        = 20 * time.Second
	defaultBatch   = 10
	maxBatch       = 10
	maxVisibility  = 12 * time.Hour
)

// Config is the user's part of an sqs source.
type Config struct {
	// QueueURL is the URL of the queue as SQS gives it, such as https://sqs.us-east-1.amazonaws.com/111122223333/chime.
	// Required.
	QueueURL string `koanf:"queue_url"`
	// Region is where the queue is. Empty: the region in queue_url, else that of the environment of the AWS SDK.
	Region string `koanf:"region"`
	// Endpoint is the URL of the SQS API. Empty: that of the region when queue_url is on it, else where queue_url points to.
	Endpoint string `koanf:"endpoint"`
	// Pollers is how many long polls run at once, 1 to 64. One brings some 500 messages a second at 20 ms of latency.
	Pollers int `koanf:"pollers"`
	// Wait is how long a poll waits for a message, in whole seconds from 0s to 20s. With 0s an empty answer is followed by
	// a pause of 1s.
	Wait time.Duration `koanf:"wait"`
	// Batch is how many messages one poll takes at most, 1 to 10.
	Batch int `koanf:"batch"`
	// Visibility is how long a message is hidden from other consumers while it is in hand, in whole seconds up to 12h. It is
	// extended as long as needed. 0s: the queue's own visibility timeout, as it was at the start.
	Visibility time.Duration `koanf:"visibility"`
	// AccessKeyID signs requests together with secret_access_key. Both empty: the credentials that the AWS SDK finds in the
	// environment, in files or in the role of the machine.
	AccessKeyID pipeline.Secret `koanf:"access_key_id"`
	// SecretAccessKey belongs to access_key_id.
	SecretAccessKey pipeline.Secret `koanf:"secret_access_key"`
}

// DefaultConfig returns the defaults of an sqs source. They lack queue_url and so are not valid by themselves.
func DefaultConfig() Config {
	return Config{Pollers: defaultPollers, Wait: defaultWait, Batch: defaultBatch}
}

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	if err := checkQueueURL(c.QueueURL); err != nil {
		errs = append(errs, fmt.Errorf("queue_url: %w", err))
	}
	if err := c.checkRegion(); err != nil {
		errs = append(errs, fmt.Errorf("region: %w", err))
	}
	if c.Endpoint != "" {
		if _, err := parseURL(c.Endpoint); err != nil {
			errs = append(errs, fmt.Errorf("endpoint: %w", err))
		}
	}
	if c.Pollers < 1 || c.Pollers > maxPollers {
		errs = append(errs, fmt.Errorf("pollers: %d is outside 1 to %d", c.Pollers, maxPollers))
	}
	if c.Wait < 0 || c.Wait > maxWait || c.Wait%time.Second != 0 {
		errs = append(errs, fmt.Errorf("wait: %s is not a number of whole seconds from 0s to %s", c.Wait, maxWait))
	}
	if c.Batch < 1 || c.Batch > maxBatch {
		errs = append(errs, fmt.Errorf("batch: %d is outside 1 to %d", c.Batch, maxBatch))
	}
	if c.Visibility < 0 || c.Visibility > maxVisibility || c.Visibility%time.Second != 0 {
		errs = append(errs, fmt.Errorf("visibility: %s is not a number of whole seconds from 0s to %s", c.Visibility, maxVisibility))
	}
	if c.AccessKeyID.IsZero() != c.SecretAccessKey.IsZero() {
		errs = append(errs, errors.New("access_key_id: access_key_id and secret_access_key must be set together"))
	}
	return errors.Join(errs...)
}

func (c *Config) checkRegion() error {
	if c.Region == "" {
		return nil
	}
	if !isRegion(c.Region) {
		return fmt.Errorf("%q is not a region such as us-east-1", c.Region)
	}
	u, err := parseURL(c.QueueURL)
	if err != nil {
		return nil //nolint:nilerr // queue_url has its own message
	}
	if region, regional := regionOf(u.Hostname()); regional && region != c.Region {
		return fmt.Errorf("%q is not %q, the region in queue_url", c.Region, region)
	}
	return nil
}

// checkQueueURL wants scheme://host/account/name, perhaps with more before the account.
func checkQueueURL(raw string) error {
	if raw == "" {
		return errors.New("is required, such as https://sqs.us-east-1.amazonaws.com/111122223333/chime")
	}
	u, err := parseURL(raw)
	if err != nil {
		return err
	}
	if parts := strings.Split(strings.Trim(u.Path, "/"), "/"); len(parts) < 2 || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("is not the URL of a queue, which ends in account and name")
	}
	return nil
}

// parseURL reads an http or https URL without user and password. Its errors do not quote it: it may hold a password.
func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("is not an http or https URL with a host")
	}
	if u.User != nil {
		return nil, errors.New("has a user or a password in it; requests are signed with access_key_id instead")
	}
	return u, nil
}

func isRegion(s string) bool {
	ok, _ := regexp.MatchString(`^[a-z]{2,}(-[a-z]+)+-\d+$`, s)
	return ok
}
