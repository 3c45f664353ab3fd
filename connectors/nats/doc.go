// Package nats is a sink that publishes events to NATS: to a stream of JetStream, or to whoever subscribes.
//
// # Message
//
// The subject is made of a template, such as carillon.events.{key}. What is put in for {key}, {kind}, {source} and {id} is one token
// each: a byte that a token may not have (white space, control characters, . * > and what is not ASCII) is written as "_". The
// payload is the event in the format of the configuration (see package format; raw unless another is set). The headers are:
//
//   - Nats-Msg-Id: the identity, with JetStream. Copies and repeats of an event share it.
//   - content-type: the media type of the payload.
//   - carillon-id, carillon-key, carillon-kind, carillon-time (Unix milliseconds), carillon-source, carillon-sequence,
//     carillon-epoch, carillon-late (milliseconds; only a late event) and carillon-gap (only when something was missing).
//   - ce-id, ce-type and the others in the format cloudevents-binary, as the NATS binding of CloudEvents has them.
//
// A byte of a value that is no printable ASCII, and the percent sign, is written as % and two hexadecimal digits.
//
// # Delivery
//
// With mode jetstream an event is accepted when the stream has acknowledged it, so it is stored as safely as that stream stores.
// With mode core it is accepted when the server has taken it, and whoever does not subscribe at that moment never gets it.
//
// # Order
//
// The events of a meeting are sent one after the other, each after the answer to the one before (I5); a batch sends one event of
// each of its meetings at the same time. While there is no connection nothing waits in the client: after
// a short wait for one Write fails.
//
// # Repeats
//
// A message whose answer got lost is sent again with the same Nats-Msg-Id, and JetStream drops it within the duplicate window of
// the stream (2 minutes unless the stream says otherwise). Let it be as long as outages last. What is sent again later, or in mode
// core, comes more than once: its carillon-id and carillon-sequence are those of the first time. Because of the window, two sinks
// must not publish the same events to one stream, and a replay within the window brings nothing.
//
// # Failure
//
//	message or header larger than allowed (10054, 10097, max_payload)     reject
//	too many requests (10167)                                             throttle
//	the stream is sealed, or it is not the one configured (10109, 10060)  fatal: nothing will ever be accepted
//	no room, no leader, no stream, every other answer of JetStream        retry
//	no permission to publish                                              retry: a person mends it, and the events wait
//	no connection, or it broke before the answer                          retry
//	no answer in time                                                     retry
//
// A server that is away when the router starts is waited for. Errors never hold a payload, an address with a password, or a
// credential.
package nats
