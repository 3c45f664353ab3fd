// Package sqs is the sink type sqs as well: it sends events to an SQS queue, one message per event, up to 10 in a call.
//
// # The message
//
// The body is the event in the format of the configuration; raw, the notification as received, unless another is set. Beside it
// are the message attributes of package format, all of type String: carillon-id, carillon-key and others. Body and attributes
// together have at most 1 MiB, which is also what a call has; a queue may allow less. A body that is empty, is no UTF-8 or has
// control characters cannot be sent raw and is rejected; json sends every body.
//
// # Delivery, order and repeats
//
// An event is accepted when SQS says so for its entry. What it says nothing about, and every entry of a call whose answer got
// lost, is sent again: it may be there twice, with one carillon-id.
//
// A standard queue keeps no order: carillon-sequence tells it. In a FIFO queue (its name ends in .fifo) the message group is
// the meeting, and the deduplication id is the identity, so a repeat within 5 minutes is dropped by SQS; later ones are there.
// A call has at most one event of each meeting, and the next one goes when that is accepted: nothing overtakes an event that
// failed (I5). A single meeting brings one message per call; many share calls.
//
// # Answers
//
//	InvalidMessageContents, InvalidParameterValue, BatchRequestTooLong     reject; a whole call is halved until it is known which
//	throttling, OverLimit, RequestThrottled, KmsThrottled                  throttle, without a time
//	credentials, permissions, keys of KMS, a queue that does not exist     retry: a mistake must not empty a day into the dead letters
//	5xx, anything else, no answer within timeout                           retry
//
// The sink makes no second attempt by itself. Errors name the code of the answer; its text may quote the message and is kept for
// the dead letter alone (pipeline.Excerpter).
package sqs
