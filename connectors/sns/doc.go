// Package sns is the source type sns: an HTTP endpoint subscribed to Amazon SNS topics.
//
// # What is believed
//
// The body alone; headers and the content type are not signed and decide nothing. A message is taken when, in this order,
// it is a POST of at most 2 MiB, a JSON object without a repeated name, of a known Type with all the fields of that type,
// from a topic in the allow-list, its SigningCertURL names the SNS host of that topic's region and a certificate file there,
// the certificate found there is an RSA one in force that belongs to SNS in that region and was issued by what follows it in
// the file, if anything does, the signature over the fields as received fits (version 1 with SHA-1, version 2 with SHA-256), and
// its Timestamp is neither too old nor ahead. Nothing outside this process is asked before the topic is known to be one of
// ours, and never at a URL out of a message other than that of the certificate. A signature alone proves only that some topic
// of somebody sent a message, hence the allow-list.
//
// AWS serves the certificate without its issuers, so what vouches for it is the TLS connection to the pinned host: its chain is
// checked up to the roots that this machine trusts, and its name is that of SNS in the topic's region.
//
// With basic every request must carry a user name and a password as well, looked at before the body is read. SNS sends them
// only when it is asked to by an answer 401, which is counted as a challenge and not as a refusal.
//
// Raw delivery carries no signature and is refused, unless raw is true: then the password is all that is believed, with the
// topic that a header names.
//
// # Guarantees
//
//   - Delivery: 200 is answered only after the journal has the notification (I1). What is stored is the wrapper as received;
//     one that carries names SNS does not use is stored as its signed fields alone, so that nothing unsigned is read. A
//     MessageId that was seen before is a notification like any other: to know copies is for the stages behind.
//   - Order: none. SNS keeps none, and each request is handled on its own.
//   - Failure: SNS counts 200 to 499 as delivered and tries again only on 500 and above, by default three times 20 s apart.
//     So whatever may pass is answered 503: a journal that does not store within the time, a certificate that cannot be
//     fetched, a confirmation that fails, the time before the start and during the stop, memory for bodies that is full (I6).
//     What can never become authentic is answered 403, 401 or 400 and counted by reason; nothing of it is stored.
//   - Limits: a request is handled within 12 s of the 15 s that SNS waits. All bodies in hand take about 64 MiB together.
//     16 certificates are remembered, and 64 failures to get one, for a short time; 4 are fetched at once.
//
// # Subscriptions
//
// With subscribe the source subscribes its topics when it starts, over and over until each is: never raw, and to be
// delivered again for 3,600 s, the most that SNS offers. A subscription that is there already is left as it is or changed to
// that. Unsubscribe ends them; stopping does not.
//
// A SubscriptionConfirmation that passed all of the above is confirmed with the ConfirmSubscription call of the SNS API, made
// from TopicArn and Token; its SubscribeURL is never fetched. The call needs no credentials. An UnsubscribeConfirmation is
// reported in the log and the metrics and not acted upon: following its link would subscribe again.
package sns
