// Package eventbridge is the source type eventbridge: the receiver of an EventBridge API destination.
//
// # Set-up
//
// A rule on the default bus matches source aws.chime and targets an API destination whose connection uses an API key or
// Basic authorization. Send the matched event unchanged, without an input transformer. Bodies are not signed, so the key
// is all that tells the sender from a stranger: terminate TLS at this router or right before it.
//
// # Guarantees
//
//   - Delivery: 200 is answered only after the journal has the notification (I1), even when its content cannot be read:
//     ingest puts that into quarantine. EventBridge repeats what it got no answer for, so copies are normal.
//   - Order: none. EventBridge keeps none, and each request is handled on its own.
//   - Failure: when the journal does not take a notification within 4 s, or refuses it, the answer is 503 with Retry-After,
//     which EventBridge obeys for up to 24 h. So are requests before the start, during the stop, and those that find the
//     memory for bodies full (I6). Each answer comes within the 5 s that EventBridge waits.
//   - Limits: bodies of at most 2 MiB, sent as they are: a Content-Encoding is answered 415, because EventBridge compresses
//     nothing and an inflated body would need a second bound. All bodies in hand take about 64 MiB together.
//
// # Answers
//
//	200 stored · 401 wrong or missing key (EventBridge tries again, so that a rotated key loses nothing) ·
//	405 not POST · 413 too large · 415 encoded · 503 try again after Retry-After
package eventbridge
