package sqs

import (
	"errors"
	"regexp"
	"strings"
)

// reference names a queue otherwise than by its URL.
type reference struct {
	// region and account are empty where the configuration leaves them open.
	region, account, name string
}

// parseRef reads an ARN, "account/name" or a name.
func parseRef(s string) (reference, error) {
	var r reference
	if parts := strings.Split(s, ":"); len(parts) == 6 && parts[0] == "arn" && parts[2] == "sqs" {
		r = reference{region: parts[3], account: parts[4], name: parts[5]}
		if !isPartition(parts[1]) || !isRegion(r.region) || !isAccount(r.account) {
			return r, errors.New("is not the ARN of a queue, such as arn:aws:sqs:us-east-1:111122223333:chime")
		}
	} else if account, name, ok := strings.Cut(s, "/"); ok {
		r = reference{account: account, name: name}
		if !isAccount(account) {
			return r, errors.New("does not begin with an account of 12 digits, as in 111122223333/chime")
		}
	} else {
		r.name = s
	}
	if !isQueueName(r.name) {
		return r, errors.New("is neither an ARN, nor account/name, nor a name of at most 80 letters, digits, - and _")
	}
	return r, nil
}

func isPartition(s string) bool {
	ok, _ := regexp.MatchString(`^aws(-[a-z]+)*$`, s)
	return ok
}

func isAccount(s string) bool {
	ok, _ := regexp.MatchString(`^\d{12}$`, s)
	return ok
}

func isQueueName(s string) bool {
	ok, _ := regexp.MatchString(`^[A-Za-z0-9_-]{1,80}(\.fifo)?$`, s)
	return ok && len(s) <= 80
}

func isRole(s string) bool {
	ok, _ := regexp.MatchString(`^arn:aws(-[a-z]+)*:iam::\d{12}:role/\S{1,576}$`, s)
	return ok
}

// isFIFO reports whether the queue of that URL keeps the order of its message groups.
func isFIFO(queueURL string) bool { return strings.HasSuffix(queueURL, ".fifo") }
