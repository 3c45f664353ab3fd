// Package awslocal is the part of AWS that Carillon touches, in this process and on loopback: SQS, SNS and EventBridge, close
// enough that the clients of the AWS SDK for Go cannot tell. `carillon demo` runs on it, and tests do.
//
//	srv, err := awslocal.Start(awslocal.Options{})
//	defer srv.Close(ctx)
//	client := sqs.New(sqs.Options{BaseEndpoint: aws.String(srv.Endpoint()), Region: srv.Region(), Credentials: ...})
//
// # What it does
//
//   - SQS (JSON 1.0): queues with visibility, delay, retention and redrive to a dead-letter queue, long polls that end when a
//     message comes, checksums, batches with failures per entry. FIFO names are accepted and group and sequence kept, but
//     groups are not held back and repeats not removed: Chime does not deliver to FIFO queues.
//   - SNS (query protocol): topics, subscriptions of http, https and sqs endpoints, confirmation by token, raw and wrapped
//     delivery, messages really signed (versions 1 and 2), redelivery with the same message id. A status below 500 counts
//     as delivered, as it does at AWS. Tokens do not expire.
//   - The signing certificate is behind https://sns.<region>.amazonaws.com/SimpleNotificationService-<32 hex>.pem, served on
//     loopback: a client that uses [Server.CertTransport] reaches it under that very name, and pins it as in production.
//   - EventBridge (JSON 1.1): PutEvents on the default bus, and rules with queues and API destinations as targets, which are
//     set through Go methods. API destinations authenticate, time out after 5 s, honour Retry-After and a rate.
//   - What is set up can be read back as at AWS: rules, targets, API destinations and connections, subscriptions with their
//     delivery policy, which is kept to, and dead-letter queue, keys with their policies (KMS), and the caller's identity (STS).
//   - Server.Send, Server.Notify and Server.Inject act as the Chime service itself on its three paths.
//
// # Limits
//
// Requests are not authenticated: any signature is accepted. Everything listens on 127.0.0.1 and deliveries go to loopback
// addresses only. All state is in memory and bounded by [Options]: a full queue answers OverLimit, a full delivery backlog
// Throttled. There is no goroutine and no timer per message. Time is the wall clock plus what [Server.Advance] added, so a
// test never waits for a timeout.
package awslocal
