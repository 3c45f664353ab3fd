package awslocal

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"
)

// Rule sends the events it matches to its targets. Sources and DetailTypes match exactly; an empty list matches all.
type Rule struct {
	// Name identifies the rule: putting a rule of the same name replaces it.
	Name string
	// Sources are the values of source that match, such as aws.chime.
	Sources []string
	// DetailTypes are the values of detail-type that match.
	DetailTypes []string
	// Disabled keeps the rule without effect.
	Disabled bool
	// Input is sent to the targets in place of the event. Empty: the event as it is.
	Input string
	// Queue is the URL, ARN or name of a queue that gets the event as its body. Empty: none.
	Queue string
	// DeadLetter is the URL, ARN or name of a queue for events that Queue does not take. Empty: they are dropped.
	DeadLetter string
	// Destination is an API destination that the event is posted to. nil: none.
	Destination *Destination
}

// Destination is an API destination with its connection. The zero value of every field but URL means its default.
type Destination struct {
	// URL is http or https, on loopback. A POST goes there for each event.
	URL string
	// KeyHeader and Key are sent as API key. Empty: none.
	KeyHeader, Key string
	// User and Password are sent as Basic authentication. Empty: none.
	User, Password string
	// Rate is how many calls a second are made at most. Default 300.
	Rate int
	// Initial and Max bound the pause before the first and before any retry. Default 1 s and 5 min.
	Initial, Max time.Duration
	// Retries is how often a call is repeated, 0 to 185. Default 185; a negative value means none.
	Retries int
	// MaxAge is how long an event is tried. Default 24 h.
	MaxAge time.Duration
	// DeadLetter is the URL, ARN or name of a queue for events that are given up. Empty: they are dropped.
	DeadLetter string
}

// rule is a Rule that is in force.
type rule struct {
	Rule

	to *destination
}

// destination is a Destination with the state of its rate.
type destination struct {
	Destination

	mu   sync.Mutex
	next time.Time
}

// PutRule adds a rule, or replaces the one of the same name. An error names what is impossible in it.
func (s *Server) PutRule(r Rule) error {
	in := &rule{Rule: r}
	if r.Destination != nil {
		in.to = &destination{Destination: r.Destination.withDefaults()}
	}
	if err := in.validate(); err != nil {
		return fmt.Errorf("putting rule %q: %w", r.Name, err)
	}
	return s.bus.putRule(in)
}

// DeleteRule removes the rule of that name, if there is one. Deliveries that are pending go on.
func (s *Server) DeleteRule(name string) {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	s.bus.rules = slices.DeleteFunc(slices.Clone(s.bus.rules), func(r *rule) bool { return r.Name == name })
}

func (b *bus) putRule(in *rule) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	rules := slices.DeleteFunc(slices.Clone(b.rules), func(r *rule) bool { return r.Name == in.Name })
	if len(rules) >= maxRules {
		return fmt.Errorf("putting rule %q: there are %d rules already", in.Name, len(rules))
	}
	b.rules = append(rules, in)
	return nil
}

// matching returns the rules that an event matches, in the order in which they were put.
func (b *bus) matching(source, detailType string) []*rule {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []*rule
	for _, r := range b.rules {
		if !r.Disabled && matches(r.Sources, source) && matches(r.DetailTypes, detailType) {
			out = append(out, r)
		}
	}
	return out
}

func matches(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }

func (r *rule) validate() error {
	var errs []error
	if r.Name == "" {
		errs = append(errs, errors.New("name: is empty"))
	}
	if r.Queue == "" && r.to == nil {
		errs = append(errs, errors.New("queue, destination: one is required"))
	}
	if r.to != nil {
		errs = append(errs, r.to.validate())
	}
	return errors.Join(errs...)
}

func (d *Destination) validate() error {
	var errs []error
	if u, err := url.Parse(d.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		errs = append(errs, errors.New("destination.url: is not an http or https URL"))
	}
	if d.Rate < 1 || d.Initial < 0 || d.Max < d.Initial || d.MaxAge < 0 {
		errs = append(errs, errors.New("destination: rate, initial, max and max_age must be positive and initial at most max"))
	}
	if d.Retries > maxDestinationRetries {
		errs = append(errs, fmt.Errorf("destination.retries: %d is more than %d", d.Retries, maxDestinationRetries))
	}
	return errors.Join(errs...)
}
