package awscmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// chimeRules returns the rules on the default bus that match events of the Chime SDK, with their targets.
func (a *account) chimeRules(ctx context.Context) ([]ruleFacts, error) {
	return a.rules.get(func() ([]ruleFacts, error) { return a.listRules(ctx) })
}

// rulesTo returns those that have a target of that ARN.
func (a *account) rulesTo(ctx context.Context, arn string) ([]ruleFacts, error) {
	rules, err := a.chimeRules(ctx)
	return slices.DeleteFunc(slices.Clone(rules), func(r ruleFacts) bool {
		return !slices.ContainsFunc(r.targets, func(t targetFacts) bool { return t.arn == arn })
	}), err
}

func (a *account) listRules(ctx context.Context) ([]ruleFacts, error) {
	var out []ruleFacts
	in := &eventbridge.ListRulesInput{}
	for range maxPages {
		page, err := a.rulePage(ctx, in)
		if err != nil {
			return out, err
		}
		for i := range page.Rules {
			rule := &page.Rules[i]
			facts := ruleFacts{
				name: aws.ToString(rule.Name), arn: aws.ToString(rule.Arn), state: string(rule.State),
				pattern: readPattern(aws.ToString(rule.EventPattern)),
			}
			if !facts.pattern.chime {
				continue
			}
			if facts.targets, err = a.listTargets(ctx, facts.name); err != nil {
				return out, err
			}
			out = append(out, facts)
		}
		if page.NextToken == nil {
			return out, nil
		}
		in.NextToken = page.NextToken
	}
	return out, fmt.Errorf("listing rules: there are more than %d pages", maxPages)
}

func (a *account) rulePage(ctx context.Context, in *eventbridge.ListRulesInput) (*eventbridge.ListRulesOutput, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return a.events.ListRules(ctx, in)
}

// listTargets reads the targets of a rule, of which there are at most a few.
func (a *account) listTargets(ctx context.Context, rule string) ([]targetFacts, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	page, err := a.events.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &rule})
	if err != nil {
		return nil, err
	}
	out := make([]targetFacts, 0, len(page.Targets))
	for i := range page.Targets {
		out = append(out, a.readTarget(ctx, &page.Targets[i]))
	}
	return out, nil
}

func (a *account) readTarget(ctx context.Context, t *types.Target) targetFacts {
	out := targetFacts{id: aws.ToString(t.Id), arn: aws.ToString(t.Arn), role: aws.ToString(t.RoleArn)}
	switch {
	case t.InputTransformer != nil:
		out.transformed = "InputTransformer"
	case aws.ToString(t.InputPath) != "" && *t.InputPath != "$":
		out.transformed = "InputPath"
	case t.Input != nil:
		out.transformed = "Input"
	}
	if t.DeadLetterConfig != nil {
		out.deadLetter = aws.ToString(t.DeadLetterConfig.Arn)
		out.dead = a.readDead(ctx, out.deadLetter)
	}
	if t.RetryPolicy != nil {
		out.attempts, out.age = t.RetryPolicy.MaximumRetryAttempts, t.RetryPolicy.MaximumEventAgeInSeconds
	}
	if name, ok := inARN(out.arn, "api-destination/"); ok {
		out.destination, out.err = a.readDestination(ctx, name)
	}
	return out
}

// inARN returns the name in an ARN whose resource is kind/name/id.
func inARN(arn, kind string) (string, bool) {
	rest, ok := strings.CutPrefix(part(arn, 5), kind)
	name, _, _ := strings.Cut(rest, "/")
	return name, ok
}

func (a *account) readDestination(ctx context.Context, name string) (*destinationFacts, error) {
	got, err := a.events.DescribeApiDestination(ctx, &eventbridge.DescribeApiDestinationInput{Name: &name})
	if err != nil {
		return nil, err
	}
	out := &destinationFacts{
		name: name, url: aws.ToString(got.InvocationEndpoint), method: string(got.HttpMethod), state: string(got.ApiDestinationState),
	}
	connection, ok := inARN(aws.ToString(got.ConnectionArn), "connection/")
	if !ok {
		return out, nil
	}
	c, err := a.events.DescribeConnection(ctx, &eventbridge.DescribeConnectionInput{Name: &connection})
	if err != nil {
		return out, err
	}
	out.connection, out.auth = string(c.ConnectionState), string(c.AuthorizationType)
	if p := c.AuthParameters; p != nil && p.ApiKeyAuthParameters != nil {
		out.header = aws.ToString(p.ApiKeyAuthParameters.ApiKeyName)
	}
	return out, nil
}
