package sqs

import (
	"errors"
	"fmt"
	"time"

	"carillon/connectors/entries"
	"carillon/connectors/format"
	"carillon/pipeline"
)

// SinkConfig is the user's part of an sqs sink.
type SinkConfig struct {
	// QueueURL is the URL of the queue as SQS gives it, such as https://sqs.us-east-1.amazonaws.com/111122223333/chime.
	// Either this or queue is required. A queue whose name ends in .fifo keeps the order of each meeting.
	QueueURL string `koanf:"queue_url"`
	// Queue names the queue by ARN, by account and name (111122223333/chime), or by name alone, in the account of the
	// credentials. Its URL is asked for with the first event. Empty: queue_url is set.
	Queue string `koanf:"queue"`
	// Region is where the queue is. Empty: the region in queue_url or queue, else that of the environment of the AWS SDK.
	Region string `koanf:"region"`
	// Endpoint is the URL of the SQS API. Empty: that of the region when queue_url is on it, else where queue_url points to.
	Endpoint string `koanf:"endpoint"`
	// Format is the body of a message: raw, json, eventbridge or cloudevents; see package format. Default raw.
	Format format.Format `koanf:"format"`
	// Timeout is how long one call may take: 10ms to 10m. Default 15s.
	Timeout time.Duration `koanf:"timeout"`
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

func sinkFormats() []format.Format {
	return []format.Format{format.Raw, format.JSON, format.EventBridge, format.CloudEvents}
}

// DefaultSinkConfig returns the defaults of an sqs sink. They lack a queue and so are not valid by themselves.
func DefaultSinkConfig() SinkConfig {
	return SinkConfig{Format: format.Raw, Timeout: entries.DefaultTimeout}
}

// Validate joins every problem; each begins with its key path.
func (c *SinkConfig) Validate() error {
	at := c.place()
	errs := []error{at.checkQueue(), at.checkRegion()}
	if c.Endpoint != "" {
		if _, err := parseURL(c.Endpoint); err != nil {
			errs = append(errs, fmt.Errorf("endpoint: %w", err))
		}
	}
	if err := c.Format.Validate(sinkFormats()...); err != nil {
		errs = append(errs, fmt.Errorf("format: %w", err))
	}
	return errors.Join(append(errs, entries.CheckTimeout(c.Timeout), at.checkCredentials())...)
}

// place is which queue it is and who reaches it, which a source says in the same words.
func (c *SinkConfig) place() *Config {
	return &Config{
		QueueURL: c.QueueURL, Queue: c.Queue, Region: c.Region, Endpoint: c.Endpoint, AccessKeyID: c.AccessKeyID,
		SecretAccessKey: c.SecretAccessKey, RoleARN: c.RoleARN, ExternalID: c.ExternalID,
	}
}
