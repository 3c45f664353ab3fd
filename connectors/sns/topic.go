package sns

import (
	"fmt"
	"regexp"
)

// topic is a topic of the allow-list: what its ARN says about where its messages come from.
type topic struct {
	arn    string
	region string
	suffix string
}

var topicForm = regexp.MustCompile(`^arn:(aws[a-z-]*):sns:([a-z]{2,8}(?:-[a-z0-9]+)+):[0-9]{12}:[A-Za-z0-9_-]{1,256}$`)

// parseTopic reads the ARN of a standard topic. FIFO topics have no HTTP subscribers.
func parseTopic(arn string) (topic, error) {
	parts := topicForm.FindStringSubmatch(arn)
	if parts == nil {
		return topic{}, fmt.Errorf("%q is not the ARN of a standard topic, such as arn:aws:sns:us-east-1:111122223333:chime", arn)
	}
	suffix, known := domainOf(parts[1])
	if !known {
		return topic{}, fmt.Errorf("%q is in an unknown partition %q", arn, parts[1])
	}
	return topic{arn: arn, region: parts[2], suffix: suffix}, nil
}

// host is the name of the SNS endpoint of the topic's region, which also serves the signing certificates.
func (t topic) host() string { return "sns." + t.region + "." + t.suffix }
