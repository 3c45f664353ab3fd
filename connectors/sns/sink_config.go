package sns

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"carillon/connectors/entries"
	"carillon/connectors/format"
	"carillon/pipeline"
)

const fifoSuffix = ".fifo"

// SinkConfig is the user's part of an sns sink.
type SinkConfig struct {
	// TopicArn is the topic, such as arn:aws:sns:us-east-1:111122223333:chime. Required. A topic whose name ends in .fifo keeps
	// the order of each meeting.
	TopicArn string `koanf:"topic_arn"`
	// Endpoint is the URL of the SNS API, for emulators and private endpoints. Empty: the endpoint of the topic's region.
	Endpoint string `koanf:"endpoint"`
	// Format is the message: raw, json, eventbridge or cloudevents; see package format. Default raw.
	Format format.Format `koanf:"format"`
	// Timeout is how long one call may take: 10ms to 10m. Default 15s.
	Timeout time.Duration `koanf:"timeout"`
	// AccessKeyID signs requests together with secret_access_key. Both empty: the credentials that the AWS SDK finds in the
	// environment, in a profile, in the web identity of a Kubernetes service account or in the role of the machine.
	AccessKeyID pipeline.Secret `koanf:"access_key_id"`
	// SecretAccessKey belongs to access_key_id.
	SecretAccessKey pipeline.Secret `koanf:"secret_access_key"`
}

func sinkFormats() []format.Format {
	return []format.Format{format.Raw, format.JSON, format.EventBridge, format.CloudEvents}
}

// DefaultSinkConfig returns the defaults of an sns sink. They lack a topic and so are not valid by themselves.
func DefaultSinkConfig() SinkConfig {
	return SinkConfig{Format: format.Raw, Timeout: entries.DefaultTimeout}
}

// Validate joins every problem; each begins with its key path.
func (c *SinkConfig) Validate() error {
	var errs []error
	if _, err := c.topic(); err != nil {
		errs = append(errs, fmt.Errorf("topic_arn: %w", err))
	}
	if err := checkEndpoint(c.Endpoint); err != nil {
		errs = append(errs, fmt.Errorf("endpoint: %w", err))
	}
	if err := c.Format.Validate(sinkFormats()...); err != nil {
		errs = append(errs, fmt.Errorf("format: %w", err))
	}
	errs = append(errs, entries.CheckTimeout(c.Timeout), entries.CheckKeys(c.AccessKeyID, c.SecretAccessKey))
	return errors.Join(errs...)
}

// topic reads the ARN of a standard or FIFO topic.
func (c *SinkConfig) topic() (topic, error) {
	if c.TopicArn == "" {
		return topic{}, errors.New("required, such as arn:aws:sns:us-east-1:111122223333:chime")
	}
	t, err := parseTopic(strings.TrimSuffix(c.TopicArn, fifoSuffix))
	t.arn = c.TopicArn
	return t, err
}

func (c *SinkConfig) fifo() bool { return strings.HasSuffix(c.TopicArn, fifoSuffix) }
