package sqs

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
)

// reasonOf sorts the failure of a call into what an operator would do about it.
func reasonOf(err error) outcome {
	ae, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return failed
	}
	switch code := ae.ErrorCode(); code {
	case "OverLimit", "RequestThrottled", "KmsThrottled", "KMS.ThrottlingException":
		return throttled
	case "AccessDenied", "AccessDeniedException", "AuthFailure", "ExpiredToken", "ExpiredTokenException",
		"InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSecurity", "InvalidSignatureException", "KmsAccessDenied",
		"KMS.AccessDeniedException", "SignatureDoesNotMatch", "UnrecognizedClientException":
		return denied
	default:
		if _, ok := retry.DefaultThrottleErrorCodes[code]; ok {
			return throttled
		}
	}
	return failed
}

// isGone reports whether the code of a failed entry says that its receipt handle is of no use any more.
func isGone(code string) bool {
	switch code {
	case "ReceiptHandleIsInvalid", "InvalidParameterValue", "InvalidIdFormat", "MessageNotInflight",
		"AWS.SimpleQueueService.MessageNotInflight":
		return true
	}
	return false
}
