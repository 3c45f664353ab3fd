// Package router starts and stops everything in the right order: journal, sinks, partitions, sources, and the two HTTP
// listeners. It knows no connector: whoever builds the router hands them over.
//
// # The listener of the receivers
//
// Requests are spread by their exact path; any other is answered 404. At most http.max_in_flight are in hand, half of them
// shared out evenly among the sources and half for whoever asks, so that a flood of one path cannot starve another; what is
// more is answered 503 with Retry-After at once, which SNS and EventBridge take as "come again" (I6). Eight times as many
// connections may be open; more are closed at once. A request has 5 s for its headers of at most 32 KiB and 15 s in all, and
// bodies are bounded by the sources. Each gets an id, Carillon-Request-Id, for the log at Debug and the answer; answers hold
// nothing else but the name of their status. A handler that panics ends its own request with 500.
//
// With http.tls the certificate is read again when its files change: the next handshake, at most every 5 s, compares them.
//
// # Stopping
//
// A stop first ends the sources, so that nothing more is accepted; then waits, within the drain limit, for what is released to
// reach the sinks; then ends the partitions, the sinks and the journal. What is held or not settled by then stays in the
// journal (I7).
package router
