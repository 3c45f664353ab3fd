package awscmd

import (
	"fmt"
	"regexp"
	"strings"
)

// Resource is a kind of thing that has a name and an ARN.
type Resource string

// The kinds of resources that policies name.
const (
	ResourceQueue       Resource = "queue"
	ResourceTopic       Resource = "topic"
	ResourceRule        Resource = "rule"
	ResourceDestination Resource = "destination"
	ResourceKey         Resource = "key"
)

// Check accepts a name or an ARN of a resource of that kind. An ARN must be of the right service; that of a queue or a topic
// which is the subject of a policy has to be in the scope as well, which Owns checks.
func (s Scope) Check(kind Resource, value string) error {
	service, form := kind.form()
	if strings.HasPrefix(value, "arn:") {
		if parts := strings.SplitN(value, ":", 6); len(parts) < 6 || parts[2] != service {
			return fmt.Errorf("%s: %q is not the ARN of a %s", kind, value, kind)
		}
		return nil
	}
	if ok, _ := regexp.MatchString(form, value); !ok {
		if kind == ResourceQueue && strings.HasSuffix(value, ".fifo") {
			return fmt.Errorf("%s: %q is a FIFO queue, to which the Chime SDK does not deliver; use a standard queue", kind, value)
		}
		return fmt.Errorf("%s: %q is neither the name nor the ARN of a %s", kind, value, kind)
	}
	return nil
}

// Owns is Check for the resource that a policy belongs to: an ARN must be of this region and account.
func (s Scope) Owns(kind Resource, value string) error {
	if err := s.Check(kind, value); err != nil {
		return err
	}
	if parts := strings.SplitN(value, ":", 6); len(parts) == 6 && (parts[3] != s.Region || parts[4] != s.Account) {
		return fmt.Errorf("%s: %q is not in %s of account %s; the Chime SDK writes only to the region whose endpoint made the meeting",
			kind, value, s.Region, s.Account)
	}
	return nil
}

// form returns the service in the ARNs of a kind and what its names look like.
func (r Resource) form() (service, form string) {
	switch r {
	case ResourceQueue:
		return "sqs", `^[A-Za-z0-9_-]{1,80}$`
	case ResourceTopic:
		return "sns", `^[A-Za-z0-9_-]{1,256}$`
	case ResourceRule, ResourceDestination:
		return "events", `^[A-Za-z0-9._-]{1,64}$`
	case ResourceKey:
		return "kms", `^(mrk-)?[0-9a-f-]{32,36}$`
	}
	return "", `^$`
}

// regionOf returns the region in an ARN, or nothing.
func regionOf(arn string) string { return part(arn, 3) }

// accountOf returns the account in an ARN, or nothing.
func accountOf(arn string) string { return part(arn, 4) }

// nameOf returns what follows the last colon or slash: the name in the ARN of a queue, a topic or a rule.
func nameOf(arn string) string { return arn[strings.LastIndexAny(arn, ":/")+1:] }

func part(arn string, i int) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[i]
	}
	return ""
}
