package awscmd

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Namespace says through which API of the Chime SDK meetings are created. It decides which service writes notifications.
type Namespace string

const (
	// NamespaceMeetings is the API ChimeSDKMeetings, with an endpoint in every control region. New applications use it.
	NamespaceMeetings Namespace = "meetings"
	// NamespaceChime is the older API Chime, with one endpoint; its queues and topics must be in us-east-1.
	NamespaceChime Namespace = "chime"
	// NamespaceBoth is for accounts that migrate from one to the other.
	NamespaceBoth Namespace = "both"
)

const (
	principalMeetings  = "meetings.chime.amazonaws.com"
	principalChime     = "chime.amazonaws.com"
	principalPipelines = "mediapipelines.chime.amazonaws.com"
	principalEvents    = "events.amazonaws.com"
	principalTopics    = "sns.amazonaws.com"

	chimeRegion = "us-east-1"
)

// Scope is where policies apply and which parts of the Chime SDK they let in.
type Scope struct {
	// Partition is aws or aws-us-gov.
	Partition string
	// Region is the control region, in which the queue, the topic and the rule are.
	Region string
	// Account is the 12-digit account that owns them and creates the meetings.
	Account string
	// Namespace is where meetings are created.
	Namespace Namespace
	// Pipelines lets media pipelines write as well.
	Pipelines bool
}

// NewScope checks what a user gave. An error joins every problem and says what to do about it.
func NewScope(account, region string, ns Namespace, pipelines bool) (Scope, error) {
	s := Scope{Partition: partitionOf(region), Region: region, Account: account, Namespace: ns, Pipelines: pipelines}
	errs := []error{s.checkRegion(), ns.check()}
	if ok, _ := regexp.MatchString(`^\d{12}$`, account); !ok {
		errs = append(errs, fmt.Errorf("account: %q is not an account of 12 digits; `aws sts get-caller-identity` prints yours", account))
	}
	if ns.old() && region != chimeRegion {
		errs = append(errs, fmt.Errorf("namespace: %s writes only to queues and topics in %s, whatever region a meeting's media is in, "+
			"so a policy in %q would let in nobody; use --region %s, or --namespace meetings", NamespaceChime, chimeRegion, region, chimeRegion))
	}
	if pipelines && isControl(region) && !HasPipelines(region) {
		errs = append(errs, fmt.Errorf("pipelines: media pipelines are not controlled from %s and AWS may refuse a policy that names %s "+
			"there; use --pipelines=false", region, principalPipelines))
	}
	return s, errors.Join(errs...)
}

func (n Namespace) check() error {
	if n == NamespaceMeetings || n == NamespaceChime || n == NamespaceBoth {
		return nil
	}
	return fmt.Errorf("namespace: %q is neither %s, %s nor %s", n, NamespaceMeetings, NamespaceChime, NamespaceBoth)
}

// old reports whether the older API is in use.
func (n Namespace) old() bool { return n == NamespaceChime || n == NamespaceBoth }

// principals returns the services that write notifications.
func (s Scope) principals() []string {
	var out []string
	if s.Namespace != NamespaceChime {
		out = append(out, principalMeetings)
	}
	if s.Namespace.old() {
		out = append(out, principalChime)
	}
	if s.Pipelines {
		out = append(out, principalPipelines)
	}
	return out
}

// arn returns the ARN of a resource in this scope. What is an ARN already stays as it is.
func (s Scope) arn(service, resource string) string {
	if strings.HasPrefix(resource, "arn:") {
		return resource
	}
	return "arn:" + s.Partition + ":" + service + ":" + s.Region + ":" + s.Account + ":" + resource
}

// ruleARN returns the ARN of a rule on the default bus.
func (s Scope) ruleARN(rule string) string {
	if strings.HasPrefix(rule, "arn:") {
		return rule
	}
	return s.arn("events", "rule/"+rule)
}

// checkRegion refuses regions in which the Chime SDK produces no notifications.
func (s Scope) checkRegion() error {
	switch {
	case !isRegion(s.Region):
		return fmt.Errorf("region: %q is not a region such as us-east-1", s.Region)
	case strings.HasPrefix(s.Region, "cn-"):
		return fmt.Errorf("region: %s is in the partition aws-cn, where the Amazon Chime SDK does not exist", s.Region)
	case !isControl(s.Region):
		return fmt.Errorf("region: %s is no control region of the Chime SDK, so nothing is written to queues and topics there and no "+
			"events appear on its bus; use the region whose API endpoint creates the meetings: %s", s.Region, strings.Join(controlRegions(), ", "))
	}
	return nil
}

// controlRegions returns the regions whose endpoints create meetings, and so where notifications appear.
func controlRegions() []string {
	return append(pipelineRegions(), "af-south-1", "il-central-1", "us-gov-east-1", "us-gov-west-1")
}

// pipelineRegions returns the control regions of media pipelines.
func pipelineRegions() []string {
	return []string{
		"ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1", "eu-central-1",
		"eu-west-2", "us-east-1", "us-west-2",
	}
}

func isControl(region string) bool { return slices.Contains(controlRegions(), region) }

// HasPipelines reports whether media pipelines are controlled from a region, and so whether a policy there may name them.
func HasPipelines(region string) bool { return slices.Contains(pipelineRegions(), region) }

// isOptIn reports whether an account has to enable the region first. SNS names itself with the region when it delivers out
// of such a region.
func isOptIn(region string) bool {
	return slices.Contains([]string{
		"af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
		"ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1", "me-central-1", "me-south-1",
		"mx-central-1",
	}, region)
}

func partitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	}
	return "aws"
}

func isRegion(s string) bool {
	ok, _ := regexp.MatchString(`^[a-z]{2,}(-[a-z]+)+-\d+$`, s)
	return ok
}
