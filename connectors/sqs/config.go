package sqs

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"carillon/pipeline"
)

const (
	defaultMaxPollers = 4
	maxPollers        = 64
	defaultWait       = 20 * time.Second
	maxWait           = 20 * time.Second
	defaultBatch      = 10
	defaultMaxInHand  = 1000
	maxMaxInHand      = 10_000
	maxBatch          = 10
	maxVisibility     = 12 * time.Hour
	defaultSample     = time.Minute
	maxSample         = time.Hour
)

// Config is the user's part of an sqs source.
type Config struct {
	// QueueURL is the URL of the queue as SQS gives it, such as https://sqs.us-east-1.amazonaws.com/111122223333/chime.
	// Either this or queue is required.
	QueueURL string `koanf:"queue_url"`
	// Queue names the queue by ARN (arn:aws:sqs:us-east-1:111122223333:chime), by account and name (111122223333/chime), or
	// by name alone, in the account of the credentials. Its URL is asked for at the start. Empty: queue_url is set.
	Queue string `koanf:"queue"`
	// Region is where the queue is. Empty: the region in queue_url or queue, else that of the environment of the AWS SDK.
	Region string `koanf:"region"`
	// Endpoint is the URL of the SQS API. Empty: that of the region when queue_url is on it, else where queue_url points to.
	Endpoint string `koanf:"endpoint"`
	// MaxPollers is up to how many long polls run at once, 1 to 64. There is one at first, one more for each poll that comes
	// back full, and one less for each that comes back empty. One brings some 500 messages a second at 20 ms of latency.
	MaxPollers int `koanf:"max_pollers"`
	// Wait is how long a poll waits for a message, in whole seconds from 0s to 20s. With 0s an empty answer is followed by
	// a pause of 1s.
	Wait time.Duration `koanf:"wait"`
	// Batch is how many messages one poll takes at most, 1 to 10.
	Batch int `koanf:"batch"`
	// MaxInHand is how many messages may be received and not stored yet, from batch to 10000. The more there are, the more
	// share a commit of the journal. Their bodies take at most 32 MiB beside one batch for each poll.
	MaxInHand int `koanf:"max_in_hand"`
	// Visibility is how long a message is hidden from other consumers while it is in hand, in whole seconds up to 12h. It is
	// extended as long as needed. 0s: the queue's own visibility timeout, as it was at the start.
	Visibility time.Duration `koanf:"visibility"`
	// Sample is how often the queue is asked how many messages it holds, for the metrics, from 1s to 1h. 0s: never.
	Sample time.Duration `koanf:"sample"`
	// AccessKeyID signs requests together with secret_access_key. Both empty: the credentials that the AWS SDK finds in the
	// environment, in a profile, in the web identity of a Kubernetes service account or in the role of the machine.
	AccessKeyID pipeline.Secret `koanf:"access_key_id"`
	// SecretAccessKey belongs to access_key_id.
	SecretAccessKey pipeline.Secret `koanf:"secret_access_key"`
	// RoleARN is a role that these credentials assume to reach the queue, such as arn:aws:iam::111122223333:role/carillon.
	// Empty: none.
	RoleARN string `koanf:"role_arn"`
	// ExternalID is what the trust policy of the role wants to see. Empty: nothing. It is no secret.
	ExternalID string `koanf:"external_id"`
}

// DefaultConfig returns the defaults of an sqs source. They lack a queue and so are not valid by themselves.
func DefaultConfig() Config {
	return Config{MaxPollers: defaultMaxPollers, Wait: defaultWait, Batch: defaultBatch, MaxInHand: defaultMaxInHand, Sample: defaultSample}
}

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	errs := []error{c.checkQueue(), c.checkRegion()}
	if c.Endpoint != "" {
		if _, err := parseURL(c.Endpoint); err != nil {
			errs = append(errs, fmt.Errorf("endpoint: %w", err))
		}
	}
	if c.MaxPollers < 1 || c.MaxPollers > maxPollers {
		errs = append(errs, fmt.Errorf("max_pollers: %d is outside 1 to %d", c.MaxPollers, maxPollers))
	}
	errs = append(errs, checkSeconds("wait", c.Wait, maxWait))
	if c.Batch < 1 || c.Batch > maxBatch {
		errs = append(errs, fmt.Errorf("batch: %d is outside 1 to %d", c.Batch, maxBatch))
	}
	if c.MaxInHand < max(1, c.Batch) || c.MaxInHand > maxMaxInHand {
		errs = append(errs, fmt.Errorf("max_in_hand: %d is outside %d (batch) to %d", c.MaxInHand, max(1, c.Batch), maxMaxInHand))
	}
	errs = append(errs, checkSeconds("visibility", c.Visibility, maxVisibility))
	if c.Sample != 0 && (c.Sample < time.Second || c.Sample > maxSample) {
		errs = append(errs, fmt.Errorf("sample: %s is neither 0s nor from 1s to %s", c.Sample, maxSample))
	}
	return errors.Join(append(errs, c.checkCredentials())...)
}

func checkSeconds(key string, d, most time.Duration) error {
	if d < 0 || d > most || d%time.Second != 0 {
		return fmt.Errorf("%s: %s is not a number of whole seconds from 0s to %s", key, d, most)
	}
	return nil
}

func (c *Config) checkQueue() error {
	switch {
	case c.QueueURL != "" && c.Queue != "":
		return errors.New("queue: is set together with queue_url; set one of them")
	case c.Queue != "":
		if _, err := parseRef(c.Queue); err != nil {
			return fmt.Errorf("queue: %w", err)
		}
		return nil
	}
	if err := checkQueueURL(c.QueueURL); err != nil {
		return fmt.Errorf("queue_url: %w", err)
	}
	return nil
}

func (c *Config) checkRegion() error {
	if c.Region == "" {
		return nil
	}
	if !isRegion(c.Region) {
		return fmt.Errorf("region: %q is not a region such as us-east-1", c.Region)
	}
	if c.Queue != "" {
		ref, err := parseRef(c.Queue)
		if err == nil && ref.region != "" && ref.region != c.Region {
			return fmt.Errorf("region: %q is not %q, the region in queue", c.Region, ref.region)
		}
		return nil
	}
	u, err := parseURL(c.QueueURL)
	if err != nil {
		return nil //nolint:nilerr // queue_url has its own message
	}
	if region, regional := regionOf(u.Hostname()); regional && region != c.Region {
		return fmt.Errorf("region: %q is not %q, the region in queue_url", c.Region, region)
	}
	return nil
}

func (c *Config) checkCredentials() error {
	var errs []error
	if c.AccessKeyID.IsZero() != c.SecretAccessKey.IsZero() {
		errs = append(errs, errors.New("access_key_id: access_key_id and secret_access_key must be set together"))
	}
	if c.RoleARN != "" && !isRole(c.RoleARN) {
		errs = append(errs, fmt.Errorf("role_arn: %q is not the ARN of a role, such as arn:aws:iam::111122223333:role/carillon", c.RoleARN))
	}
	if c.ExternalID != "" && c.RoleARN == "" {
		errs = append(errs, errors.New("external_id: is of use only with role_arn"))
	}
	return errors.Join(errs...)
}

// checkQueueURL wants scheme://host/account/name, perhaps with more before the account.
func checkQueueURL(raw string) error {
	if raw == "" {
		return errors.New("is required, such as https://sqs.us-east-1.amazonaws.com/111122223333/chime, or queue instead of it")
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
