// Package webhook is a sink that posts events to a URL, one request per event.
//
// The request is a POST with the event in the format of the configuration (see package format; raw, the notification as
// received, unless another is set), the user's headers, and these:
//
//   - Carillon-Id: the identity, 32 hexadecimal digits. Copies and repeats of an event share it.
//   - Carillon-Key: the meeting, or whatever else the event is ordered in.
//   - Carillon-Kind: what happened, such as chime:AttendeeJoined.
//   - Carillon-Time: when it happened, in Unix milliseconds; left out when it is not known.
//   - Carillon-Source: the id of the source whose copy came first.
//   - Carillon-Sequence: the position in EVENTS. Within a meeting it only grows, apart from repeats.
//   - Carillon-Epoch: the fence of the sender. A receiver that has seen a higher one for a meeting may refuse a lower one (I5).
//   - Carillon-Late: by how many milliseconds the event missed its place; only with a late event, where it may be 0.
//   - Carillon-Gap: what was missing when the event was released; only when something was.
//   - Carillon-Replay: true, only when the event is history that somebody had sent again. It has the id of the first time.
//
// A byte of a value that is no printable ASCII, and the percent sign, is written as % and two hexadecimal digits. In the format
// cloudevents-binary the attributes of the CloudEvent are there as well, as its HTTP binding has them: Ce-Id, Ce-Type and others.
//
// # Signature
//
// As Standard Webhooks 1.0.0 has it: Webhook-Id is the identity, so a repeat has the same one, Webhook-Timestamp when the
// request was made, in Unix seconds, and Webhook-Signature the signature of both and of the body under secret, and under
// previous_secret as well while that is set. Without secret there is no signature. To change the secret, move it to
// previous_secret and set the new one, let the receivers follow, and remove the previous one.
//
// # Delivery
//
// An event is accepted when the receiver answers 2xx. A request whose answer got lost is sent again with the same
// Carillon-Id. The events of a meeting are posted one after the other, meetings at the same time; connections are kept and
// shared. HTTP/2 is used where the receiver offers it, and a proxy where the environment names one (HTTPS_PROXY). With tls the
// sink shows a certificate of its own, and trusts other authorities beside those of the system.
//
// # Answers
//
//	2xx                                  accepted
//	3xx                                  reject: redirects are not followed, configure the final URL
//	401, 403, 407                        retry: a wrong credential must not empty a day into the dead letters
//	408, 425, 429, 5xx                   retry
//	429, 503 with Retry-After            throttle: seconds or a date, at most one hour
//	other 4xx                            reject
//	anything else                        retry
//	no answer, cut off, or too slow      retry
//
// Errors name the status and the host. They never hold a body, a header, a path, a query or a credential. For the dead letter
// they keep up to 512 bytes of the answer (pipeline.Excerpter), on one line, in which what was configured as a credential is
// <redacted>.
package webhook
