// Package admin is the operators' API of a running router, and the client of it: dead letters, quarantine, replay, and the life of
// sinks. It is HTTP with JSON under /api/v1 on the admin listener.
//
// # Who may use it
//
// Every request carries a token, "Authorization: Bearer ...", which is compared in constant time; reading too, because dead letters
// hold what AWS sent. A router without admin.token answers 403 and says so: the listener may be reachable by more than the operator,
// a browser on the operator's machine among them, and "only from loopback" would be no answer to that. Bodies are JSON of at most
// 64 KiB.
//
// # How a request reaches a meeting
//
// Only the owner of a partition may send something of a meeting. A request may come to any router of a cluster: it reads the journal
// itself, and gives what is to be sent to the owner as an errand, one event after the other for each meeting, many meetings at once.
// A router alone does the same. The state of a sink (delivering, out, held) is that of the router that answers.
//
// # Long answers
//
// Redrive, drop, retry and replay answer with one JSON object per line: what did not work, and counts now and then, the last ones
// with done. They end when the client goes away; what was done stays done, and doing it again goes on. Nothing is done twice:
// a dead letter goes when it was accepted, a quarantined record when it is in RAW. A replay sends again what it is asked to.
package admin
