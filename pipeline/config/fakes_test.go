package config_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"carillon/pipeline"
)

// The fakes have the keys of the real connectors, which this package must not know.

type sqsConfig struct {
	QueueURL   string        `koanf:"queue_url"`
	Region     string        `koanf:"region"`
	MaxPollers int           `koanf:"max_pollers"`
	Wait       time.Duration `koanf:"wait"`
}

func (c *sqsConfig) Validate() error {
	var errs []error
	if !strings.HasPrefix(c.QueueURL, "https://") {
		errs = append(errs, fmt.Errorf("queue_url: %q is not the URL of a queue", c.QueueURL))
	}
	if c.MaxPollers < 1 || c.MaxPollers > 64 {
		errs = append(errs, fmt.Errorf("max_pollers: %d is outside 1 to 64", c.MaxPollers))
	}
	if c.Wait < 0 || c.Wait > 20*time.Second {
		errs = append(errs, fmt.Errorf("wait: %s is outside 0s to 20s", c.Wait))
	}
	return errors.Join(errs...)
}

type snsConfig struct {
	Path                    string   `koanf:"path"`
	TopicARNs               []string `koanf:"topic_arns"`
	RequireSignatureVersion int      `koanf:"require_signature_version"`
}

func (c *snsConfig) Validate() error {
	var errs []error
	if len(c.TopicARNs) == 0 {
		errs = append(errs, errors.New("topic_arns: must name at least one topic"))
	}
	for i, arn := range c.TopicARNs {
		if !strings.HasPrefix(arn, "arn:") {
			errs = append(errs, fmt.Errorf("topic_arns[%d]: %q is no ARN", i, arn))
		}
	}
	return errors.Join(errs...)
}

type eventbridgeConfig struct {
	Path string     `koanf:"path"`
	Auth authConfig `koanf:"auth"`
}

type authConfig struct {
	APIKey *apiKeyConfig `koanf:"api_key"`
}

type apiKeyConfig struct {
	Header string          `koanf:"header"`
	Value  pipeline.Secret `koanf:"value"`
}

func (c *eventbridgeConfig) Validate() error {
	if c.Auth.APIKey == nil || c.Auth.APIKey.Value.IsZero() {
		return errors.New("auth.api_key: must be set")
	}
	return nil
}

type fileConfig struct {
	Path  string `koanf:"path"`
	Fsync bool   `koanf:"fsync"`
}

func (c *fileConfig) Validate() error {
	if c.Path == "" {
		return errors.New("path: must be set")
	}
	return nil
}

type webhookConfig struct {
	URL     string                     `koanf:"url"`
	Timeout time.Duration              `koanf:"timeout"`
	Headers map[string]pipeline.Secret `koanf:"headers"`
}

func (c *webhookConfig) Validate() error {
	u, err := url.Parse(c.URL)
	if err != nil {
		return fmt.Errorf("url: %w", err)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("url: %q is not of the form https://host/path", c.URL)
	}
	return nil
}

// everything has a field of every kind that a configuration may have.
type everything struct {
	Text     string            `koanf:"text"`
	Flag     bool              `koanf:"flag"`
	Int      int8              `koanf:"int"`
	Uint     uint16            `koanf:"uint"`
	Float    float64           `koanf:"float"`
	Duration time.Duration     `koanf:"duration"`
	Size     pipeline.Size     `koanf:"size"`
	Secret   pipeline.Secret   `koanf:"secret"`
	Pointer  *pipeline.Secret  `koanf:"pointer"`
	Names    map[string]string `koanf:"names"`
	Numbers  []int             `koanf:"numbers"`
	Nested   nested            `koanf:"nested"`
	Maybe    *nested           `koanf:"maybe"`
	Channel  chan int          `koanf:"channel"`
	Untagged string
}

type nested struct {
	Size  pipeline.Size `koanf:"size"`
	Count *int          `koanf:"count"`
}

func (c *everything) Validate() error {
	if c.Text == "leak" {
		return fmt.Errorf("text: shown as [%s] and %q", c.Names["a"], c.Secret.Reveal())
	}
	return nil
}

func defaultEverything() *everything {
	return &everything{
		Text: "${default}", Int: 1, Float: 0.5, Duration: 90 * time.Second, Size: pipeline.MiB,
		Names: map[string]string{"kept": "yes"}, Numbers: []int{1, 2}, Nested: nested{Size: 2},
	}
}

func factories() pipeline.Factories {
	return pipeline.Factories{
		Sources: []pipeline.SourceFactory{
			{Type: "sqs", Config: func() pipeline.Config { return &sqsConfig{MaxPollers: 2, Wait: 20 * time.Second} }},
			{Type: "sns", Config: func() pipeline.Config { return &snsConfig{Path: "/sns"} }},
			{Type: "eventbridge", Config: func() pipeline.Config { return &eventbridgeConfig{Path: "/eventbridge"} }},
			{Type: "everything", Config: func() pipeline.Config { return defaultEverything() }},
		},
		Sinks: []pipeline.SinkFactory{
			{Type: "file", Config: func() pipeline.Config { return &fileConfig{} }},
			{Type: "webhook", Config: func() pipeline.Config { return &webhookConfig{Timeout: 10 * time.Second} }},
		},
	}
}
