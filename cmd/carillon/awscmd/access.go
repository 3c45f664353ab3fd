package awscmd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"carillon/pipeline"
)

const (
	credentialsTimeout = 15 * time.Second
	callTimeout        = 20 * time.Second
)

// access is how an account is reached, as a source or a flag says. Empty fields are for the AWS SDK to find.
type access struct {
	region, endpoint string
	// service is whose endpoint it is: sqs or sns. Empty: everybody's.
	service  string
	key      pipeline.Secret
	secret   pipeline.Secret
	role     string
	external string
}

// account holds the clients for one access, and what was read of the account through them. It is for one goroutine.
type account struct {
	region string
	sqs    *sqs.Client
	sns    *sns.Client
	events *eventbridge.Client
	sts    *sts.Client
	kms    *kms.Client
	// transport is what all of them use.
	transport *http.Transport

	// Read once, see once.
	rules         once[[]ruleFacts]
	subscriptions once[[]subscription]
}

// once keeps the outcome of something that is read once.
type once[T any] struct {
	read  bool
	value T
	err   error
}

func (o *once[T]) get(read func() (T, error)) (T, error) {
	if !o.read {
		o.value, o.err = read()
		o.read = true
	}
	return o.value, o.err
}

// open builds the clients and makes sure that there are credentials. It asks no AWS service, save for a role to assume. The
// caller closes the idle connections of the transport.
func open(ctx context.Context, a access) (*account, error) {
	cfg, transport, err := a.load(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, credentialsTimeout)
	defer cancel()
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		transport.CloseIdleConnections()
		return nil, fmt.Errorf("%w: %w\n%s", errNoCredentials, err, howToSignIn)
	}
	return &account{
		region: cfg.Region, transport: transport,
		sqs:    sqs.NewFromConfig(cfg, func(o *sqs.Options) { o.BaseEndpoint = a.base("sqs") }),
		sns:    sns.NewFromConfig(cfg, func(o *sns.Options) { o.BaseEndpoint = a.base("sns") }),
		events: eventbridge.NewFromConfig(cfg, func(o *eventbridge.Options) { o.BaseEndpoint = or(a.base("events"), o.BaseEndpoint) }),
		sts:    sts.NewFromConfig(cfg, func(o *sts.Options) { o.BaseEndpoint = or(a.base("sts"), o.BaseEndpoint) }),
		kms:    kms.NewFromConfig(cfg, func(o *kms.Options) { o.BaseEndpoint = or(a.base("kms"), o.BaseEndpoint) }),
	}, nil
}

// errNoCredentials is the error of an examination that cannot begin.
var errNoCredentials = errors.New("finding AWS credentials")

// howToSignIn says how to mend it.
const howToSignIn = `
There are no credentials that work. Provide them in one of these ways:
  - in the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary ones)
  - in a profile: AWS_PROFILE=name, after "aws configure" or "aws sso login"
  - run where a role is attached: an EC2 instance, an ECS task, a Kubernetes service account with a role
  - for emulators: access_key_id and secret_access_key of the source
They need what "carillon aws policy consumer --doctor" prints.`

// load reads the environment of the AWS SDK, which may name further certificate authorities to trust.
func (a access) load(ctx context.Context) (aws.Config, *http.Transport, error) {
	var opts []func(*config.LoadOptions) error
	if a.region != "" {
		opts = append(opts, config.WithRegion(a.region))
	}
	if !a.key.IsZero() {
		static := credentials.NewStaticCredentialsProvider(a.key.Reveal(), a.secret.Reveal(), "")
		opts = append(opts, config.WithCredentialsProvider(static))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return cfg, nil, fmt.Errorf("reading the environment of the AWS SDK: %w", err)
	}
	if cfg.Region == "" {
		return cfg, nil, errors.New("finding the region: use --region, region of the source, or AWS_REGION in the environment")
	}
	client, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		client = awshttp.NewBuildableClient()
	}
	transport := client.GetTransport()
	cfg.HTTPClient = &http.Client{
		Transport: transport, Timeout: callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if a.role != "" {
		base := sts.NewFromConfig(cfg, func(o *sts.Options) { o.BaseEndpoint = or(a.base("sts"), o.BaseEndpoint) })
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(base, a.role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "carillon-doctor"
			if a.external != "" {
				o.ExternalID = &a.external
			}
		}))
	}
	return cfg, transport, nil
}

// base returns the endpoint of a service. An endpoint of AWS, such as one in a private network, serves only the service that
// it was given for; any other is an emulator, which serves all.
func (a access) base(service string) *string {
	if a.endpoint == "" {
		return nil
	}
	u, err := url.Parse(a.endpoint)
	private := err == nil && (strings.HasSuffix(u.Hostname(), ".amazonaws.com") || strings.HasSuffix(u.Hostname(), ".amazonaws.com.cn"))
	if private && a.service != "" && a.service != service {
		return nil
	}
	return &a.endpoint
}

func or(first, second *string) *string {
	if first != nil {
		return first
	}
	return second
}

// queueHost matches the host of a queue URL that is the endpoint of its region.
var queueHost = regexp.MustCompile(
	`^(?:sqs|sqs-fips)\.([a-z]{2,}(?:-[a-z]+)+-\d+)\.amazonaws\.com(?:\.cn)?$`)

// locate returns region and endpoint of a queue URL: the region's own endpoint needs no mention.
func locate(queueURL string) (region, endpoint string) {
	u, err := url.Parse(queueURL)
	if err != nil || u.Host == "" {
		return "", ""
	}
	if m := queueHost.FindStringSubmatch(u.Hostname()); m != nil {
		return m[1], ""
	}
	return "", u.Scheme + "://" + u.Host
}
