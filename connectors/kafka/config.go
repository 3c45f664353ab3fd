package kafka

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"carillon/connectors/format"
	"carillon/connectors/tlsfiles"
	"carillon/pipeline"
)

const (
	minTimeout     = time.Millisecond
	maxTimeout     = 10 * time.Minute
	defaultTimeout = 30 * time.Second
	// defaultMaxMessage is a little less than what brokers take unless they are told otherwise (1,048,588 bytes).
	defaultMaxMessage = 1_000_000
	leastMaxMessage   = pipeline.KiB
	mostMaxMessage    = 256 * pipeline.MiB
)

// Config is what the user says about a Kafka sink.
type Config struct {
	// Brokers are where to ask for the others: host:port each. Required.
	Brokers []string `koanf:"brokers"`
	// Topic is what to produce to. Required.
	Topic string `koanf:"topic"`
	// Timeout is how long a record may wait for its answer before the attempt counts as failed: 1ms to 10m. Default 30s.
	Timeout time.Duration `koanf:"timeout"`
	// Compression is none, gzip, snappy, lz4 or zstd. Default snappy.
	Compression Compression `koanf:"compression"`
	// MaxMessage is how large a batch of records may be; what is larger alone is given up. The topic must allow it
	// (max.message.bytes). 1KiB to 256MiB. Default 1MB.
	MaxMessage pipeline.Size `koanf:"max_message"`
	// Format is what is produced: raw, json, eventbridge, cloudevents or cloudevents-binary; see package format. Default raw.
	Format format.Format `koanf:"format"`
	// Secure speaks TLS. Default false.
	Secure bool `koanf:"secure"`
	// TLS says whom to trust and which certificate to show. With secure only.
	TLS tlsfiles.Config `koanf:"tls"`
	// SASL says who the sink is.
	SASL SASLConfig `koanf:"sasl"`
}

// Compression is a codec of Kafka.
type Compression string

// The codecs.
const (
	CompressionNone   Compression = "none"
	CompressionGzip   Compression = "gzip"
	CompressionSnappy Compression = "snappy"
	CompressionLZ4    Compression = "lz4"
	CompressionZstd   Compression = "zstd"
)

// Mechanism is a way to prove who one is.
type Mechanism string

// The mechanisms.
const (
	MechanismPlain       Mechanism = "plain"
	MechanismScramSHA256 Mechanism = "scram-sha-256"
	MechanismScramSHA512 Mechanism = "scram-sha-512"
)

// SASLConfig is the part of the configuration under sasl.
type SASLConfig struct {
	// Mechanism is plain, scram-sha-256 or scram-sha-512. Empty: no SASL. plain without secure shows the password to the network.
	Mechanism Mechanism `koanf:"mechanism"`
	// Username is required with a mechanism.
	Username string `koanf:"username"`
	// Password is required with a mechanism.
	Password pipeline.Secret `koanf:"password"`
}

func formats() []format.Format {
	return []format.Format{format.Raw, format.JSON, format.EventBridge, format.CloudEvents, format.CloudEventsBinary}
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{Timeout: defaultTimeout, Compression: CompressionSnappy, MaxMessage: defaultMaxMessage, Format: format.Raw}
}

// Validate joins every problem; each begins with its key path.
func (c *Config) Validate() error {
	var errs []error
	if len(c.Brokers) == 0 {
		errs = append(errs, errors.New("brokers: required: where to ask for the others, such as kafka-0:9092"))
	}
	for i, b := range c.Brokers {
		if !isHostPort(b) {
			errs = append(errs, fmt.Errorf("brokers[%d]: %q is not of the form host:port", i, b))
		}
	}
	if err := validateTopic(c.Topic); err != nil {
		errs = append(errs, fmt.Errorf("topic: %w", err))
	}
	if c.Timeout < minTimeout || c.Timeout > maxTimeout {
		errs = append(errs, fmt.Errorf("timeout: %s is outside %s to %s", c.Timeout, minTimeout, maxTimeout))
	}
	if _, err := codec(c.Compression); err != nil {
		errs = append(errs, fmt.Errorf("compression: %w", err))
	}
	if c.MaxMessage < leastMaxMessage || c.MaxMessage > mostMaxMessage {
		errs = append(errs, fmt.Errorf("max_message: %s is outside %s to %s", c.MaxMessage, leastMaxMessage, mostMaxMessage))
	}
	if err := c.Format.Validate(formats()...); err != nil {
		errs = append(errs, fmt.Errorf("format: %w", err))
	}
	if !c.Secure && !c.TLS.IsZero() {
		errs = append(errs, errors.New("tls: only with secure: true"))
	}
	errs = append(errs, c.TLS.Validate())
	return errors.Join(append(errs, c.SASL.validate()...)...)
}

func (c *SASLConfig) validate() []error {
	if *c == (SASLConfig{}) {
		return nil
	}
	var errs []error
	switch c.Mechanism {
	case MechanismPlain, MechanismScramSHA256, MechanismScramSHA512:
	default:
		errs = append(errs, fmt.Errorf("sasl.mechanism: %q is none of plain, scram-sha-256 and scram-sha-512", string(c.Mechanism)))
	}
	if c.Username == "" {
		errs = append(errs, errors.New("sasl.username: required"))
	}
	if c.Password.IsZero() {
		errs = append(errs, errors.New("sasl.password: required"))
	}
	return errs
}

func isHostPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	number, portErr := strconv.ParseUint(port, 10, 16)
	return err == nil && portErr == nil && host != "" && number > 0
}

// validateTopic follows the rule of the brokers, which answer a topic of another form with an error that is final.
func validateTopic(topic string) error {
	switch {
	case topic == "":
		return errors.New("required: what to produce to")
	case len(topic) > 249 || topic == "." || topic == "..":
		return fmt.Errorf("%q is no name of a topic", topic)
	}
	for _, r := range topic {
		alnum := r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !alnum && r != '.' && r != '_' && r != '-' {
			return fmt.Errorf("%q has something else than letters, digits, dots, _ and -", topic)
		}
	}
	return nil
}
