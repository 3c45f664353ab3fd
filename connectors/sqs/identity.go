package sqs

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"carillon/connectors/entries"
)

// sessionName is how the calls of an assumed role appear in CloudTrail.
const sessionName = "carillon"

// identity is who signs requests: the caches of every step from the first credentials to the last role.
type identity struct{ caches []*aws.CredentialsCache }

// newIdentity reads the environment of the AWS SDK, with the region, keys and role of the configuration in front of it. It
// opens no connection; h is what will reach STS.
func newIdentity(ctx context.Context, c *Config, region string, h *http.Client) (aws.Config, *identity, error) {
	cfg, err := entries.LoadConfig(ctx, region, c.AccessKeyID, c.SecretAccessKey)
	if err != nil {
		return cfg, nil, err
	}
	who := &identity{}
	who.add(cfg.Credentials)
	if c.RoleARN != "" {
		cfg.Credentials = assume(cfg, c, h)
		who.add(cfg.Credentials)
	}
	return cfg, who, nil
}

// assume returns the credentials of the role, which are fetched when they are first needed and again before they expire. The
// endpoint of SQS is not set in cfg yet: STS has its own.
func assume(cfg aws.Config, c *Config, h *http.Client) *aws.CredentialsCache {
	api := sts.NewFromConfig(cfg, func(o *sts.Options) { o.HTTPClient = h })
	return aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(api, c.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName
		if c.ExternalID != "" {
			o.ExternalID = &c.ExternalID
		}
	}))
}

func (i *identity) add(p aws.CredentialsProvider) {
	if cache, ok := p.(*aws.CredentialsCache); ok {
		i.caches = append(i.caches, cache)
	}
}

// renew drops credentials that were refused, so that the next call fetches them again.
func (i *identity) renew() {
	for _, cache := range i.caches {
		cache.Invalidate()
	}
}
