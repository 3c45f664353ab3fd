// Package sns is the sink type sns as well: it publishes events to an SNS topic, one message per event, up to 10 in a call.
//
// # The message
//
// The message is the event in the format of the configuration; raw, the notification as received, unless another is set. Beside
// it are the message attributes of package format, all of type String, so that the filter policy of a subscription can choose
// by carillon-kind or carillon-key. A subscriber gets them with the message, raw or wrapped. Message and attributes together
// have at most 256 KiB, which is also what a call has. A body that is empty, is no UTF-8 or has control characters cannot be
// sent raw and is rejected; json sends every body.
//
// # Delivery, order and repeats
//
// An event is accepted when SNS says so for its entry. What it says nothing about, and every entry of a call whose answer got
// lost, is published again: subscribers may get it twice, with one carillon-id.
//
// A standard topic keeps no order: carillon-sequence tells it. In a FIFO topic (its name ends in .fifo), to which FIFO queues
// subscribe, the message group is the meeting and the deduplication id the identity, so a repeat within 5 minutes is dropped by
// SNS; later ones are not. A call has at most one event of each meeting, and the next one goes when that is accepted: nothing
// overtakes an event that failed (I5).
//
// # Answers
//
//	InvalidParameter, ParameterValueInvalid, BatchRequestTooLong           reject; a whole call is halved until it is known which
//	throttling, Throttled, KMSThrottling                                   throttle, without a time
//	credentials, permissions, keys of KMS, a topic that does not exist     retry: a mistake must not empty a day into the dead letters
//	5xx, anything else, no answer within timeout                           retry
//
// The sink makes no second attempt by itself. Errors name the code of the answer; its text may quote the message and is kept for
// the dead letter alone (pipeline.Excerpter).
package sns
