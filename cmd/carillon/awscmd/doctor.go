package awscmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"carillon/pipeline/config"
)

// Options shape an examination. The zero value of a field means its default.
type Options struct {
	// Region is where sources that name no region are: eventbridge sources always, queues named without one. Default: that
	// of the first source that names one, else that of the environment of the AWS SDK.
	Region string
	// Endpoint is the URL of an emulator for sources without an endpoint of their own. Default: AWS.
	Endpoint string
	// Namespace is where meetings are created. Default: meetings.
	Namespace Namespace
	// Pipelines asks whether media pipelines may write as well.
	Pipelines bool
	// Retention is how long Carillon recognises a copy: stream.retention. Default: that of the configuration.
	Retention time.Duration
}

// doctor examines one configuration. It is for one goroutine.
type doctor struct {
	options  Options
	accounts map[access]*account
	report   Report

	transports []*http.Transport
}

func (d *doctor) close() {
	for _, t := range d.transports {
		t.CloseIdleConnections()
	}
}

// Examine checks what a configuration names in the AWS account, in its order. It reads and changes nothing. An error means
// that nothing could be examined: no credentials, no region, or no source that has to do with AWS; it says what to do.
func Examine(ctx context.Context, c *config.Config, o Options) (*Report, error) {
	o.Namespace = cmp.Or(o.Namespace, NamespaceMeetings)
	o.Retention = cmp.Or(o.Retention, c.Stream.Retention)
	if err := o.Namespace.check(); err != nil {
		return nil, err
	}
	targets := plan(c)
	if len(targets) == 0 {
		return nil, errors.New("examining the account: the configuration has no source of type sqs, sns or eventbridge")
	}
	d := &doctor{options: o, accounts: map[access]*account{}}
	defer d.close()
	for _, t := range targets {
		f := &findings{source: t.source}
		if err := d.examine(ctx, f, t, elsewhere(targets)); err != nil {
			return nil, fmt.Errorf("examining %s: %w", t.source, err)
		}
		d.report.Findings = append(d.report.Findings, f.list...)
	}
	return &d.report, nil
}

// examine looks at one target. The error is of the access: credentials or region.
func (d *doctor) examine(ctx context.Context, f *findings, t target, shared access) error {
	switch {
	case t.queue != nil:
		a, err := d.enter(ctx, f, t.queue.access)
		if a == nil {
			return err
		}
		d.queue(ctx, f, a, t.queue)
	case t.topic != nil:
		a, err := d.enter(ctx, f, t.topic.access)
		if a == nil {
			return err
		}
		d.topic(ctx, f, a, t.topic)
	case t.bus != nil:
		shared.region = cmp.Or(d.options.Region, shared.region)
		a, err := d.enter(ctx, f, shared)
		if a == nil {
			return err
		}
		d.bus(ctx, f, a, t.bus)
	}
	return nil
}

// enter returns the account for an access, and checks once that its credentials work. A nil account without an error means
// that a finding says why.
func (d *doctor) enter(ctx context.Context, f *findings, a access) (*account, error) {
	a.region = cmp.Or(a.region, d.options.Region)
	a.endpoint = cmp.Or(a.endpoint, d.options.Endpoint)
	if known, ok := d.accounts[a]; ok {
		return known, nil
	}
	opened, err := open(ctx, a)
	if err != nil {
		return nil, err
	}
	d.transports = append(d.transports, opened.transport)
	who, err := opened.whoami(ctx)
	switch {
	case err == nil:
		d.report.Account = cmp.Or(d.report.Account, who)
	case classify(err) == failureCredentials:
		f.wrong("credentials", "AWS refuses the credentials: "+describe(err), "They have ended, or belong to another partition.", "aws sts get-caller-identity")
		return nil, nil //nolint:nilnil // the finding says why there is none
	default:
		f.warn("credentials", "nobody says whose credentials these are: "+describe(err), "", "aws sts get-caller-identity")
	}
	d.accounts[a] = opened
	return opened, nil
}

func (d *doctor) queue(ctx context.Context, f *findings, a *account, t *queueTarget) {
	q, err := a.readQueue(ctx, t)
	name := cmp.Or(t.url, t.name)
	if err != nil {
		refused(f, "queue "+name, err, command("aws", "sqs", "create-queue", "--region", a.region, "--queue-name", nameOf(name)))
		return
	}
	judgeQueue(f, d.options, t, q)
}

func (d *doctor) topic(ctx context.Context, f *findings, a *account, t *topicTarget) {
	facts, err := a.readTopic(ctx, t)
	if err != nil {
		refused(f, "topic "+t.arn, err, command("aws", "sns", "create-topic", "--region", a.region, "--name", nameOf(t.arn)))
		return
	}
	judgeTopic(f, d.options, t, facts)
}

func (d *doctor) bus(ctx context.Context, f *findings, a *account, t *busTarget) {
	rules, err := a.chimeRules(ctx)
	if err != nil {
		refused(f, "the default bus in "+a.region, err, "")
		return
	}
	s := Scope{
		Partition: partitionOf(a.region), Region: a.region, Account: d.report.Account, Namespace: d.options.Namespace, Pipelines: d.options.Pipelines,
	}
	if len(rules) > 0 {
		s.Account = accountOf(rules[0].arn)
	}
	judgeBus(f, s, t, rules)
}

// refused reports what could not be read at all. create makes it, if it does not exist.
func refused(f *findings, what string, err error, create string) {
	switch classify(err) {
	case failureMissing:
		f.wrong("exists", what+" does not exist", "Look at the name, the region and the account. The template makes everything at once: carillon aws template.", create)
	case failureDenied:
		f.wrong("access", what+" may not be looked at: "+describe(err), "Carillon cannot use it either, unless the doctor runs with another role.",
			"carillon aws policy consumer --help")
	case failureCredentials:
		f.wrong("credentials", "AWS refuses the credentials: "+describe(err), "They have ended, or belong to another partition.", "aws sts get-caller-identity")
	case failureOther:
		f.wrong("access", what+" could not be reached: "+describe(err), "Look at the network, the region and the endpoint.", "")
	}
}
