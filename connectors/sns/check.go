package sns

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"

	"carillon/connectors/entries"
)

// Check implements pipeline.Checker. Who only receives needs no credentials, so topics are asked for only where there are some.
func (s *source) Check(ctx context.Context) (string, error) {
	found := fmt.Sprintf("SNS posts to %s; carillon aws doctor looks at the topics", s.cfg.Path)
	if s.cfg.AccessKeyID.IsZero() && s.cfg.Subscribe.Endpoint == "" {
		return found, nil
	}
	api, err := newAPI(ctx, &s.cfg, s.calls)
	if err != nil {
		return "", err
	}
	defer s.calls.CloseIdleConnections()
	for _, arn := range s.cfg.TopicArns {
		if err := look(ctx, api.in(s.topics[arn].region), arn, "sns:Subscribe"); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s, which posts to %s", strings.Join(s.cfg.TopicArns, ", "), s.cfg.Path), nil
}

// look reads the attributes of a topic once.
func look(ctx context.Context, client *awssns.Client, arn, needs string) error {
	_, err := client.GetTopicAttributes(ctx, &awssns.GetTopicAttributesInput{TopicArn: &arn}, func(o *awssns.Options) {
		o.Retryer = aws.NopRetryer{}
	})
	if err != nil {
		return fmt.Errorf("reading topic %q: %w", arn, entries.Advised(entries.Explain(ctx, err, fetchTimeout, entries.Nobody),
			"check endpoint, and the way there",
			"check the ARN, and that the credentials may call "+needs+" on it and, for this check alone, sns:GetTopicAttributes"))
	}
	return nil
}

// Check implements pipeline.Checker.
func (s *sink) Check(ctx context.Context) (string, error) {
	if err := s.Start(ctx); err != nil {
		return "", err
	}
	if err := look(ctx, s.api, s.config.TopicArn, "sns:Publish"); err != nil {
		return "", err
	}
	return "topic " + s.config.TopicArn, nil
}
