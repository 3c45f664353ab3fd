package awscmd

import (
	"cmp"
	"strings"
	"time"

	"carillon/connectors/eventbridge"
	"carillon/connectors/sns"
	"carillon/connectors/sqs"
	"carillon/pipeline/config"
)

// queueTarget is what an sqs source says about its queue.
type queueTarget struct {
	access access
	// url or name is set: name is an ARN, account/name or a name.
	url, name string
	// visibility is 0 for the queue's own.
	visibility time.Duration
	// fedByRule is set when the source says that a rule fills the queue (via), and so nobody else has to.
	fedByRule bool
}

// topicTarget is what an sns source says about one of its topics.
type topicTarget struct {
	access access
	arn    string
	path   string
	// endpoint is the public URL that the source subscribes itself with. Empty: any that ends in path.
	endpoint string
	// raw is whether deliveries without a signature are taken.
	raw bool
	// version is the only signature version taken, 0 for any.
	version int
}

// busTarget is what an eventbridge source says about who posts to it.
type busTarget struct {
	path string
	// auth is the authorization type of the connection that fits, empty for any; header is where an API key is expected.
	auth, header string
}

// target is one thing to examine.
type target struct {
	source string
	queue  *queueTarget
	topic  *topicTarget
	bus    *busTarget
}

// plan lists what a configuration names in the account, in its order.
func plan(c *config.Config) []target {
	var out []target
	for _, src := range c.Sources {
		id := "sources." + src.ID
		switch cfg := src.Config.(type) {
		case *sqs.Config:
			out = append(out, target{source: id, queue: planQueue(cfg)})
		case *sns.Config:
			for _, arn := range cfg.TopicArns {
				out = append(out, target{source: id, topic: &topicTarget{
					arn: arn, path: cfg.Path, version: cfg.RequireSignatureVersion, endpoint: cfg.Subscribe.Endpoint, raw: cfg.Raw,
					access: access{
						region: regionOf(arn), endpoint: cfg.Endpoint, service: "sns", key: cfg.AccessKeyID, secret: cfg.SecretAccessKey,
					},
				}})
			}
		case *eventbridge.Config:
			out = append(out, planEvents(id, cfg))
		}
	}
	return out
}

func planQueue(cfg *sqs.Config) *queueTarget {
	region, endpoint := locate(cfg.QueueURL)
	if strings.HasPrefix(cfg.Queue, "arn:") {
		region = regionOf(cfg.Queue)
	}
	return &queueTarget{
		url: cfg.QueueURL, name: cfg.Queue, visibility: cfg.Visibility,
		access: access{
			region: cmp.Or(cfg.Region, region), endpoint: cmp.Or(cfg.Endpoint, endpoint), service: "sqs", key: cfg.AccessKeyID,
			secret: cfg.SecretAccessKey, role: cfg.RoleARN, external: cfg.ExternalID,
		},
	}
}

// planEvents is about a queue with via, else about who posts.
func planEvents(id string, cfg *eventbridge.Config) target {
	if cfg.UsesPath() {
		return target{source: id, bus: planBus(cfg)}
	}
	q := planQueue(&cfg.Via)
	q.fedByRule = true
	return target{source: id, queue: q}
}

func planBus(cfg *eventbridge.Config) *busTarget {
	b := &busTarget{path: cfg.Path}
	switch auth := cfg.Auth; {
	case !auth.APIKey.Value.IsZero():
		b.auth, b.header = "API_KEY", auth.APIKey.Header
	case auth.Basic.Username != "":
		b.auth = "BASIC"
	case !auth.Bearer.Token.IsZero():
		b.auth, b.header = "API_KEY", "Authorization"
	case auth.JWT.JWKSURL != "":
		b.auth = "OAUTH_CLIENT_CREDENTIALS"
	}
	return b
}

// elsewhere is the access for sources that say nothing about the account: that of the first source that does.
func elsewhere(targets []target) access {
	for _, t := range targets {
		switch {
		case t.queue != nil:
			return t.queue.access
		case t.topic != nil:
			return t.topic.access
		}
	}
	return access{}
}
