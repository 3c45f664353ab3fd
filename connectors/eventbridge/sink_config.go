package eventbridge

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"carillon/connectors/entries"
	"carillon/connectors/format"
	"carillon/pipeline"
)

const (
	defaultBus    = "default"
	defaultSource = "carillon.chime"
)

// SinkConfig is the user's part of an eventbridge sink.
type SinkConfig struct {
	// Bus is the event bus, by name or ARN. Default default, the bus that AWS services use.
	Bus string `koanf:"bus"`
	// Source is the source of every event. It must not begin with aws., which is for AWS alone: a Chime event cannot be sent on
	// as aws.chime. Default carillon.chime.
	Source string `koanf:"source"`
	// Format is the detail: eventbridge (the detail of the notification), json or cloudevents; see package format. Default
	// eventbridge.
	Format format.Format `koanf:"format"`
	// Region is where the bus is. Empty: the region in the ARN of the bus, else that of the environment of the AWS SDK.
	Region string `koanf:"region"`
	// Endpoint is the URL of the EventBridge API, for emulators and private endpoints. Empty: the endpoint of the region.
	Endpoint string `koanf:"endpoint"`
	// Timeout is how long one call may take: 10ms to 10m. Default 15s.
	Timeout time.Duration `koanf:"timeout"`
	// AccessKeyID signs requests together with secret_access_key. Both empty: the credentials that the AWS SDK finds in the
	// environment, in a profile, in the web identity of a Kubernetes service account or in the role of the machine.
	AccessKeyID pipeline.Secret `koanf:"access_key_id"`
	// SecretAccessKey belongs to access_key_id.
	SecretAccessKey pipeline.Secret `koanf:"secret_access_key"`
}

func sinkFormats() []format.Format {
	return []format.Format{format.EventBridge, format.JSON, format.CloudEvents}
}

// DefaultSinkConfig returns the defaults of an eventbridge sink, which are valid by themselves.
func DefaultSinkConfig() SinkConfig {
	return SinkConfig{Bus: defaultBus, Source: defaultSource, Format: format.EventBridge, Timeout: entries.DefaultTimeout}
}

var (
	busForm    = regexp.MustCompile(`^(arn:aws[a-z-]*:events:([a-z]{2,}(?:-[a-z]+)+-\d+):\d{12}:event-bus/)?[/.\-_A-Za-z0-9]{1,256}$`)
	regionForm = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-\d+$`)
)

// Validate joins every problem; each begins with its key path.
func (c *SinkConfig) Validate() error {
	var errs []error
	bus := busForm.FindStringSubmatch(c.Bus)
	if bus == nil {
		errs = append(errs, fmt.Errorf("bus: %q is neither the name nor the ARN of an event bus", c.Bus))
	}
	switch {
	case c.Source == "" || len(c.Source) > 256:
		errs = append(errs, errors.New("source: has to have 1 to 256 bytes"))
	case strings.HasPrefix(c.Source, "aws."):
		errs = append(errs, fmt.Errorf("source: %q begins with aws., which EventBridge refuses of everybody but AWS", c.Source))
	}
	if err := c.Format.Validate(sinkFormats()...); err != nil {
		errs = append(errs, fmt.Errorf("format: %w", err))
	}
	switch {
	case c.Region == "":
	case !regionForm.MatchString(c.Region):
		errs = append(errs, fmt.Errorf("region: %q is not a region such as us-east-1", c.Region))
	case bus != nil && bus[2] != "" && bus[2] != c.Region:
		errs = append(errs, fmt.Errorf("region: %q is not %q, the region in bus", c.Region, bus[2]))
	}
	if err := checkURL(c.Endpoint); err != nil {
		errs = append(errs, fmt.Errorf("endpoint: %w", err))
	}
	errs = append(errs, entries.CheckTimeout(c.Timeout), entries.CheckKeys(c.AccessKeyID, c.SecretAccessKey))
	return errors.Join(errs...)
}

// region is where the configuration says that the bus is. Empty: it does not.
func (c *SinkConfig) region() string {
	if bus := busForm.FindStringSubmatch(c.Bus); c.Region == "" && bus != nil {
		return bus[2]
	}
	return c.Region
}

func checkURL(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errors.New("must be a URL such as https://events.us-east-1.amazonaws.com, without a user")
	}
	return nil
}
