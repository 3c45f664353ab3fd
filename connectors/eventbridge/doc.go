// Package eventbridge is the source type eventbridge: the receiver of an EventBridge API destination.
//
// # Set-up
//
// A rule on the default bus matches source aws.chime and targets an API destination whose connection uses an API key, Basic
// authorization, or OAuth client credentials. Send the matched event unchanged, without an input transformer: any other body
// ends in quarantine. Bodies are not signed, so the key or token is all that tells the sender from a stranger: terminate TLS
// at this router or right before it.
//
// With via the rule targets a queue instead, and the source is one of type sqs on that queue: for routers without a public
// name, and because a queue waits longer than EventBridge's 24 h. What follows is about the other way.
//
// # What is believed
//
// A request that presents the configured key, password or token, compared in constant time, or an access token in the form of
// a JWT that one of the issuer's published keys has signed with an accepted algorithm, made by the issuer for the configured
// audience or client, and not ended, give or take 1m. The keys are fetched when a token needs them, at most twice a minute,
// and used for up to a day while the issuer does not answer. A token that cannot be judged for want of keys is answered 503.
//
// # Guarantees
//
//   - Delivery: 200 is answered only after the journal has the notification (I1), even when its content cannot be read:
//     ingest puts that into quarantine. EventBridge repeats what it got no answer for, so copies are normal. The array that a
//     pipe sends is one request: if any of its elements is not stored the answer is 503 and all of it comes again.
//   - Order: none. EventBridge keeps none, and each request is handled on its own.
//   - Failure: when the journal does not take a notification within 4 s, or refuses it, the answer is 503 with Retry-After,
//     which EventBridge obeys for up to 24 h. So are requests before the start, during the stop, and those that find the
//     memory for bodies full (I6). Each answer comes within the 5 s that EventBridge waits.
//   - Limits: bodies of at most 2 MiB, sent as they are: a Content-Encoding is answered 415, because EventBridge compresses
//     nothing and an inflated body would need a second bound. All bodies in hand take about 64 MiB together.
//
// # Answers
//
//	200 stored · 401 wrong or missing key, password or token (EventBridge tries again, so that a rotated one loses nothing) ·
//	405 not POST · 413 too large · 415 encoded · 503 try again after Retry-After
package eventbridge
