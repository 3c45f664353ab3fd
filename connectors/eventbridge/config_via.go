package eventbridge

import (
	"errors"
	"fmt"

	"carillon/connectors/sqs"
)

// UsesPath tells whether requests come to path: not when a queue brings the events.
func (c *Config) UsesPath() bool { return !c.via() }

// via tells whether anything but the defaults was configured there.
func (c *Config) via() bool { return c.Via != sqs.DefaultConfig() }

// validateVia looks at the queue. Nobody posts to such a source, so that it has nobody to ask for a key.
func (c *Config) validateVia() []error {
	var errs []error
	if c.Auth.kinds() > 0 {
		errs = append(errs, errors.New("auth: is of no use with via: events come out of the queue, whose policy says who may write"))
	}
	for _, err := range apart(c.Via.Validate()) {
		errs = append(errs, fmt.Errorf("via.%w", err))
	}
	return errs
}

// apart returns the errors that err joins, to any depth; none of nil.
func apart(err error) []error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var out []error
	for _, one := range joined.Unwrap() {
		out = append(out, apart(one)...)
	}
	return out
}
