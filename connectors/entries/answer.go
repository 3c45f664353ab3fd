package entries

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"carillon/pipeline"
)

var errNoAnswer = errors.New("the answer does not tell about this entry")

// Answers are those to the entries of one call, by their places in it.
type Answers []error

// NewAnswers returns the answers to n entries before any is known. An entry that is not in the answer to its call is not
// accepted, as far as anybody knows.
func NewAnswers(n int) Answers {
	a := make(Answers, n)
	for i := range a {
		a[i] = errNoAnswer
	}
	return a
}

// Set notes what became of the entry whose id is its place. Other ids are nobody's.
func (a Answers) Set(id string, err error) {
	if at, wrong := strconv.Atoi(id); wrong == nil && at >= 0 && at < len(a) {
		a[at] = err
	}
}

// answerError is a failure as AWS answers it. Its text may quote what was sent, so it is kept for the dead letter alone.
type answerError struct {
	code string
	text string
}

func (e *answerError) Error() string { return "answered " + e.code }

// Excerpt implements pipeline.Excerpter.
func (e *answerError) Excerpt() string { return e.text }

// Answered returns the error of an entry or a call that was answered with a code. refused says whether the code is about the
// event itself. All others are about the far side, the credentials or the set-up: these are mended by somebody, and until then
// events wait instead of going to the dead letters.
func Answered(code, text string, refused func(code string) bool) error {
	err := &answerError{code: printable(code, 64), text: printable(text, pipeline.MaxExcerpt)}
	switch {
	case refused(code):
		return pipeline.Reject(err)
	case throttles(code):
		return pipeline.Throttle(err, 0)
	}
	return err
}

// Nobody is refused by the answer to a question that is about no event.
func Nobody(string) bool { return false }

func throttles(code string) bool {
	switch code {
	case "OverLimit", "RequestThrottled", "KmsThrottled", "KMS.ThrottlingException", "KMSThrottling", "KMSThrottlingException",
		"Throttled", "LimitExceededException":
		return true
	}
	_, known := retry.DefaultThrottleErrorCodes[code]
	return known
}

// Explain says why a call failed as a whole. What the SDK reports may quote the URL or what was sent, so only what is known not
// to is passed on.
func Explain(ctx context.Context, err error, timeout time.Duration, refused func(code string) bool) error {
	if ctx.Err() != nil { // the caller's context, not the one with the timeout
		return ctx.Err()
	}
	if said, ok := errors.AsType[smithy.APIError](err); ok {
		if response, ok := errors.AsType[*awshttp.ResponseError](err); ok && response.HTTPStatusCode() >= 500 {
			refused = func(string) bool { return false }
		}
		return Answered(said.ErrorCode(), said.ErrorMessage(), refused)
	}
	var network net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout() {
		return fmt.Errorf("no answer within %s", timeout)
	}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificate
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	if signing, ok := errors.AsType[*smithy.OperationError](err); ok && strings.Contains(signing.Error(), "credentials") {
		return errors.New("there are no credentials to sign with")
	}
	return errors.New("gave no usable answer")
}

// Advised adds what mends a failure that Explain explained: one thing when nobody answered, another when the answer was no.
func Advised(err error, unreached, refused string) error {
	said, answered := errors.AsType[*answerError](err)
	switch {
	case answered && said.code == "InvalidClientTokenId", answered && said.code == "UnrecognizedClientException",
		answered && said.code == "SignatureDoesNotMatch", answered && said.code == "InvalidSignatureException":
		return fmt.Errorf("%w (check access_key_id and secret_access_key, or the credentials of the environment)", err)
	case answered:
		return fmt.Errorf("%w (%s)", err, refused)
	case strings.Contains(err.Error(), "credentials"):
		return fmt.Errorf("%w (set access_key_id and secret_access_key, or give this process a profile or a role)", err)
	}
	return fmt.Errorf("%w (%s)", err, unreached)
}

// printable returns text on one line, at most most bytes of it.
func printable(text string, most int) string {
	var b strings.Builder
	for _, r := range text {
		if !unicode.IsPrint(r) {
			r = ' '
		}
		if b.Len()+len(string(r)) > most {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}
