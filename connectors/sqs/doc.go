// Package sqs is the source type sqs: it takes notifications from an SQS queue, whether Chime sends to the queue itself, or
// an SNS topic (raw or wrapped) or an EventBridge rule does. Bodies are handed on as they are. Standard and FIFO queues are
// taken, messages with attributes too.
//
// # Delivery
//
// Long polls run side by side: one at first, one more for each that comes back full, up to max_pollers, and one less for each
// that comes back empty or meets a failure. What one of them receives goes to the emitter as one call, beside the next polls,
// so that many share a commit of the journal. Only what the emitter confirmed is deleted (I1), in batches, with whatever
// receipt handle is the newest. What was not confirmed stays in the queue. So every message arrives at least once; a message
// that could not be deleted arrives again and ends as a witness of its own event.
//
// # Order
//
// None: standard queues have none, and polls run side by side. Order is made later, from the time in the event. What a poll
// brings from a FIFO queue is stored before its next poll, and all is deleted in the order in which it came.
//
// # Failure
//
//   - While a message is in hand, from its receipt until its deletion, its visibility is extended at half of the timeout, up
//     to the 12 hours SQS allows.
//   - When the emitter does not confirm, all polls but one end, and that one waits for its outcome, with growing jittered
//     pauses: the journal's way of pushing back (I6). What was received stays in hand and is offered again, so that an outage
//     wears out no receives; what is not confirmed while others are is left to its visibility timeout. When the emitter does
//     not answer, polling stops at max_in_hand.
//   - After throttling, expired credentials, a missing queue and a broken connection polls end and pause in the same way; none
//     of these ends the source. Credentials that were refused are fetched again, those of an assumed role included.
//   - Each entry of a batch that could not be deleted is tried again, except for handles that are not valid any more.
//   - A body that does not match its checksum is left in the queue and counted; its neighbours are not affected.
//
// # Limits
//
// At most max_in_hand messages wait for the emitter, with 32 MiB of bodies beside one batch for each poller; room is made
// before they are asked for. The ids of as many again, and 19 for each poller, wait for their deletion; then the rest waits too.
// Deletes and extensions have a connection pool of their own, so polls cannot starve them. When the context ends, polling
// ends at once, and what is in hand has 5 s to be stored and deleted.
//
// How long the queue keeps a message is asked for at the start, and the router warns when that is longer than it recognises copies.
// SQS tells the age of its oldest message to CloudWatch only; the gauge here knows that of the oldest message received.
package sqs
