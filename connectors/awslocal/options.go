package awslocal

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Options shapes a Server. The zero value of every field means its default.
type Options struct {
	// Region is what ARNs and host names carry, such as eu-central-1. Default us-east-1.
	Region string
	// Account is the 12-digit account in ARNs and URLs. Default 444455556666.
	Account string
	// MaxMessages is how many messages one queue holds; a send beyond it is answered OverLimit. Default 100,000.
	MaxMessages int
	// MaxDeliveries is how many HTTP deliveries (SNS and API destinations together) may be pending, retries included; a
	// publish beyond it is answered with a throttling error. Default 100,000.
	MaxDeliveries int
	// Workers is how many HTTP deliveries run at once, 1 to 1024. Default 16.
	Workers int
	// Redelivery is the delivery policy of SNS for http and https endpoints.
	Redelivery Redelivery
	// RootCAs are trusted for deliveries to https endpoints. Default: the CA of this server (see Server.CertPool).
	RootCAs *x509.CertPool
}

// Redelivery says how SNS repeats an HTTP delivery that met a status of 500 or more, a timeout or a broken connection.
type Redelivery struct {
	// Retries is how often, 0 to 100. Default 3; a negative value means none.
	Retries int
	// Delay is the pause before each. Default 20 s.
	Delay time.Duration
	// Timeout is how long one attempt may take. Default 15 s.
	Timeout time.Duration
}

const (
	defaultRegion        = "us-east-1"
	defaultAccount       = "444455556666"
	defaultMaxMessages   = 100_000
	defaultMaxDeliveries = 100_000
	defaultWorkers       = 16
	maxWorkers           = 1024
	defaultRetries       = 3
	maxRetries           = 100
	defaultRetryDelay    = 20 * time.Second
	defaultTimeout       = 15 * time.Second
)

// withDefaults returns o with every zero field replaced by its default.
func (o Options) withDefaults() Options {
	o.Region = cmp.Or(o.Region, defaultRegion)
	o.Account = cmp.Or(o.Account, defaultAccount)
	o.MaxMessages = cmp.Or(o.MaxMessages, defaultMaxMessages)
	o.MaxDeliveries = cmp.Or(o.MaxDeliveries, defaultMaxDeliveries)
	o.Workers = cmp.Or(o.Workers, defaultWorkers)
	o.Redelivery.Retries = max(0, cmp.Or(o.Redelivery.Retries, defaultRetries))
	o.Redelivery.Delay = cmp.Or(o.Redelivery.Delay, defaultRetryDelay)
	o.Redelivery.Timeout = cmp.Or(o.Redelivery.Timeout, defaultTimeout)
	return o
}

// validate joins every problem of options that already have their defaults.
func (o *Options) validate() error {
	var errs []error
	if ok, _ := regexp.MatchString(`^[a-z]{2}(-[a-z]+)+-\d$`, o.Region); !ok {
		errs = append(errs, fmt.Errorf("region: %q is not a region such as us-east-1", o.Region))
	}
	if ok, _ := regexp.MatchString(`^\d{12}$`, o.Account); !ok {
		errs = append(errs, fmt.Errorf("account: %q is not a 12-digit account", o.Account))
	}
	if o.MaxMessages < 0 || o.MaxDeliveries < 0 {
		errs = append(errs, errors.New("max_messages and max_deliveries: must not be negative"))
	}
	if o.Workers < 0 || o.Workers > maxWorkers {
		errs = append(errs, fmt.Errorf("workers: %d is outside 1 to %d", o.Workers, maxWorkers))
	}
	if o.Redelivery.Retries > maxRetries {
		errs = append(errs, fmt.Errorf("redelivery.retries: %d is more than %d", o.Redelivery.Retries, maxRetries))
	}
	if o.Redelivery.Delay < 0 || o.Redelivery.Timeout < 0 {
		errs = append(errs, errors.New("redelivery.delay and redelivery.timeout: must not be negative"))
	}
	return errors.Join(errs...)
}
