package awscmd

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// managedPrefix begins the aliases of keys that AWS manages. Their policies cannot be changed, so they need no reading.
const managedPrefix = "alias/aws/"

// readKey reads a key, given by id, ARN or alias. nil: there is none, or AWS manages it.
func (a *account) readKey(ctx context.Context, key string) *keyFacts {
	if key == "" || strings.HasPrefix(key[strings.LastIndex(key, ":")+1:], managedPrefix) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	found, err := a.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key})
	if err != nil {
		return &keyFacts{err: err}
	}
	out := &keyFacts{arn: aws.ToString(found.KeyMetadata.Arn), state: string(found.KeyMetadata.KeyState)}
	policy, err := a.kms.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: found.KeyMetadata.KeyId})
	if err != nil {
		out.err = err
		return out
	}
	out.policy = aws.ToString(policy.Policy)
	return out
}
