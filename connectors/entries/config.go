package entries

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"carillon/pipeline"
)

const (
	minTimeout = 10 * time.Millisecond
	maxTimeout = 10 * time.Minute
	// DefaultTimeout is how long one call may take when the user does not say.
	DefaultTimeout = 15 * time.Second
)

// CheckTimeout says what is wrong with the value of the key timeout.
func CheckTimeout(timeout time.Duration) error {
	if timeout < minTimeout || timeout > maxTimeout {
		return fmt.Errorf("timeout: %s is outside %s to %s", timeout, minTimeout, maxTimeout)
	}
	return nil
}

// CheckKeys says what is wrong with the values of the keys access_key_id and secret_access_key.
func CheckKeys(id, secret pipeline.Secret) error {
	if id.IsZero() != secret.IsZero() {
		return errors.New("access_key_id: must be set together with secret_access_key")
	}
	return nil
}

// LoadConfig reads the environment of the AWS SDK, with the region and the keys in front of it where they are set. It opens no
// connection.
func LoadConfig(ctx context.Context, region string, id, secret pipeline.Secret) (aws.Config, error) {
	var opts []func(*config.LoadOptions) error
	if region != "" {
		opts = append(opts, config.WithRegion(region))
	}
	if !id.IsZero() {
		static := credentials.NewStaticCredentialsProvider(id.Reveal(), secret.Reveal(), "")
		opts = append(opts, config.WithCredentialsProvider(static))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	switch {
	case err != nil:
		return cfg, fmt.Errorf("reading the environment of the AWS SDK: %w", err)
	case cfg.Region == "":
		return cfg, errors.New("finding the region: set region, or AWS_REGION in the environment")
	}
	return cfg, nil
}
