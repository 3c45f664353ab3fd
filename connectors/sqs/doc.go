// Package sqs is the source type sqs: it takes notifications from an SQS queue, whether Chime sends to the queue itself, or
// an SNS topic (raw or wrapped) or an EventBridge rule does. Bodies are handed on as they are.
//
// # Delivery
//
// Several long polls run at once. What one of them receives goes to the emitter as one call, and only what the emitter
// confirmed is deleted (I1), in batches, with whatever receipt handle is the newest. What was not confirmed stays in the
// queue and comes again after its visibility timeout. So every message arrives at least once; a message that could not be
// deleted arrives again and ends as a witness of its own event.
//
// # Order
//
// None: standard queues have none, and polls run side by side. Order is made later, from the time in the event.
//
// # Failure
//
//   - While a message is in hand, from its receipt until its deletion, its visibility is extended at half of the timeout, up
//     to the 12 hours SQS allows.
//   - When the emitter does not confirm, the poll that met it pauses, with growing jittered pauses: the journal's way of
//     pushing back (I6). Throttling, expired credentials, a missing queue and a broken connection do the same; none of them
//     ends the source.
//   - Each entry of a batch that could not be deleted is tried again, except for handles that are not valid any more.
//   - A body that does not match its checksum is left in the queue and counted; its neighbours are not affected.
//
// # Limits
//
// In memory are at most pollers x batch messages that wait for the emitter, and as many again plus 10 per poller that wait
// for their deletion; then polling waits. Deletes and extensions have a connection pool of their own, so polls cannot starve
// them. When the context ends, polling ends at once, and what is in hand has 5 s to be stored and deleted.
package sqs
