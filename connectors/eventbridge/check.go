package eventbridge

import (
	"context"
	"fmt"

	awseventbridge "github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"carillon/connectors/entries"
)

// Check implements pipeline.Checker: who receives depends on nobody but, with OAuth, on the keys of the issuer.
func (s *source) Check(ctx context.Context) (string, error) {
	found := fmt.Sprintf("EventBridge posts to %s; carillon aws doctor looks at the rule", s.cfg.Path)
	url := s.cfg.Auth.JWT.JWKSURL
	if url == "" {
		return found, nil
	}
	k := newKeys(url, s.set.Clock, s.metrics)
	defer k.close()
	if _, err := k.current(ctx); err != nil {
		return "", fmt.Errorf("asking for the keys of the issuer: %w (check auth.jwt.jwks_url)", err)
	}
	return fmt.Sprintf("EventBridge posts to %s, with tokens of which the issuer tells the keys", s.cfg.Path), nil
}

// Check implements pipeline.Checker.
func (s *sink) Check(ctx context.Context) (string, error) {
	if err := s.Start(ctx); err != nil {
		return "", err
	}
	out, err := s.api.DescribeEventBus(ctx, &awseventbridge.DescribeEventBusInput{Name: &s.config.Bus})
	if err != nil {
		return "", fmt.Errorf("describing bus %q: %w", s.config.Bus, entries.Advised(entries.Explain(ctx, err, s.config.Timeout, entries.Nobody),
			"check endpoint and region, and the way there",
			"check bus and region, and that the credentials may call events:PutEvents on it and, for this check alone, events:DescribeEventBus"))
	}
	if out.Arn == nil {
		return "bus " + s.config.Bus, nil
	}
	return "bus " + *out.Arn, nil
}
