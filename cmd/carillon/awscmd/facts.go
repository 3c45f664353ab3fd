package awscmd

import (
	"errors"
	"strings"

	"github.com/aws/smithy-go"
)

// queueFacts is what the account says about a queue.
type queueFacts struct {
	url, arn string
	// attributes are those of GetQueueAttributes.
	attributes map[string]string
	// dead is the queue that the redrive policy names; deadErr says why it could not be read. Both nil: there is no policy.
	dead    *queueFacts
	deadErr error
	// rules have this queue as a target, topics have it as a subscriber.
	rules  []ruleFacts
	topics []string
	key    *keyFacts
	unread []unread
}

// keyFacts is what KMS says about a key of the account's own; err says why it could not be read.
type keyFacts struct {
	arn, state, policy string
	err                error
}

// topicFacts is what the account says about a topic.
type topicFacts struct {
	arn        string
	attributes map[string]string
	// subscribers are the http and https endpoints whose path is that of the source; others are their URLs elsewhere.
	subscribers []subscriber
	others      []string
	// rules have this topic as a target.
	rules  []ruleFacts
	key    *keyFacts
	unread []unread
}

// subscription is one line of a list of subscriptions.
type subscription struct {
	arn, topic, protocol, endpoint string
}

// pending reports whether the endpoint has not confirmed yet.
func (s *subscription) pending() bool { return !strings.HasPrefix(s.arn, "arn:") }

// subscriber is a subscription with its attributes; err says why they could not be read.
type subscriber struct {
	subscription

	attributes map[string]string
	err        error
	dead       deadFacts
}

// deadFacts is a queue that something else than a queue gives up into. Both nil: there is none.
type deadFacts struct {
	queue *queueFacts
	err   error
}

// ruleFacts is a rule on the default bus that matches events of the Chime SDK.
type ruleFacts struct {
	name, arn, state string
	pattern          patternFacts
	targets          []targetFacts
}

// targetFacts is where a rule sends events.
type targetFacts struct {
	id, arn, role string
	// transformed names what changes the event on its way: Input, InputPath or InputTransformer. Empty: nothing.
	transformed string
	// deadLetter is the ARN of the queue for what is given up, and dead what was read of it.
	deadLetter string
	dead       deadFacts
	// attempts and age are nil where the defaults hold: 185, and 24 h in seconds.
	attempts, age *int32
	// destination is set for an API destination; err says why it could not be read.
	destination *destinationFacts
	err         error
}

// destinationFacts is an API destination with its connection.
type destinationFacts struct {
	name, url, method, state string
	connection               string // its state
	auth, header             string
}

// unread is something that could not be looked at.
type unread struct {
	what string
	err  error
}

// failure is what an error of the AWS SDK means to somebody who set up an account.
type failure int

const (
	failureOther failure = iota
	failureMissing
	failureDenied
	failureCredentials
)

// classify tells errors of the API apart by their code.
func classify(err error) failure {
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return failureOther
	}
	switch code := api.ErrorCode(); {
	case strings.HasSuffix(code, "NonExistentQueue"), code == "QueueDoesNotExist", code == "NotFound", code == "NotFoundException",
		code == "ResourceNotFoundException":
		return failureMissing
	case code == "AccessDenied", code == "AccessDeniedException", code == "AuthorizationError", code == "AuthorizationErrorException":
		return failureDenied
	case code == "ExpiredToken", code == "ExpiredTokenException", code == "InvalidClientTokenId", code == "UnrecognizedClientException",
		code == "SignatureDoesNotMatch", code == "InvalidSignatureException", code == "InvalidAccessKeyId":
		return failureCredentials
	}
	return failureOther
}

// describe returns an error of the AWS SDK without the wrapping that says nothing to its reader.
func describe(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}
