// Package eventbridge is the sink type eventbridge as well: it puts events on an EventBridge bus, up to 10 in a call.
//
// # The event
//
//   - source: that of the configuration, carillon.chime unless another is set. EventBridge refuses aws.chime of everybody but AWS,
//     so rules that matched the notifications of Chime have to name this source.
//   - detail-type: that of the notification. Where it has none, and in the formats json and cloudevents, the kind.
//   - detail: in the format eventbridge the detail of the notification, so that other patterns go on matching; else the event in
//     the format of the configuration.
//   - time: when it happened; the time of the call where that is not known.
//   - resources: those of the notification, and after them the attributes of package format as name=value, so that a pattern
//     such as {"resources": [{"prefix": "carillon-key="}]} can choose by them.
//
// An entry, and all of a call together, have at most 1 MiB, of which 14 bytes stand for the time. Where the limit is lower the
// call is refused and halved, and what is too large by itself is rejected. EventBridge takes no integer beyond 64 bits and no
// nesting beyond 1,000 levels.
//
// # Delivery, order and repeats
//
// An event is accepted when EventBridge gives it an id. An entry with an error code, and every entry of a call whose answer got
// lost, is put again: rules may see it twice, with another id and with one carillon-id among the resources. EventBridge promises
// no order to its targets; carillon-sequence tells it. A call has at most one event of each meeting, and the next one is put when
// that is accepted (I5).
//
// # Answers
//
//	MalformedDetail, InvalidArgument, ValidationException                  reject; a whole call is halved until it is known which
//	ThrottlingException, LimitExceededException                            throttle, without a time
//	credentials, permissions (NotAuthorizedForSource), a bus that is gone  retry: a mistake must not empty a day into the dead letters
//	5xx, InternalFailure, anything else, no answer within timeout          retry
//
// The sink makes no second attempt by itself. Errors name the code of the answer; its text may quote the event and is kept for
// the dead letter alone (pipeline.Excerpter).
package eventbridge
