// Package dedupe decides whether a record of RAW is a new event, a witness of one that is known, or the same record read
// again, and keeps the ledger of which sources brought an event and when. It is pure: no goroutine, no clock, no I/O. Time
// comes in as a value and may step back. A Memory and a Ledger have one user at a time.
//
// # What is a copy
//
// A [Memory] is what is known of one meeting. A copy is recognised for as long as its event is remembered there or kept in
// EVENTS, from where a memory is restored: never by a window of time, and never by what was merely seen, because the memory
// of what is not in EVENTS yet ends with the process, together with the event it was about (I3).
//
// # The ledger
//
// A [Ledger] is the part that the meetings of a partition share. It notes in the memories which sources brought an event, and
// watches each new event for the grace, two minutes of log time: then every source of a group of which another source brought
// the event, and that did not, has missed it. An event that was not watched from its first copy on is unjudged instead: its
// meeting left memory, there were more events than may be watched, the tenure of the partition ended, or it happened before
// the sources of this process began to listen. So are events that only one path is known to bring. There is no timer for an
// event, and an event that is not watched costs nothing more.
//
// Copies are compared by a digest of their details, which is kept for at most 512 events under watch: at some 4 events per
// second and partition all are compared, above that a sample.
//
// # Near matches
//
// Nobody documents that detail.timestamp of one event is the same on all paths. If it were not, each copy would be an event of
// its own. Two events that differ in nothing but the timestamp, by at most 2 s, and of which each was missed by all sources
// that brought the other, are therefore counted as a suspected split.
//
// A tolerance mends it: a record is then also a witness of an event of its meeting with the same loose identity whose time is
// at most that far away, which precedes it in RAW, and which came first from another source of the same group. This looks at
// nothing but what EVENTS keeps of an event, so the verdict is the same when RAW is read again, also after a restart. The
// price: of two real events of one kind about one attendee within the tolerance, such as a Joined, a Dropped and a Joined
// again, the second is taken for a copy of the first when its copies come only from other sources than the one that brought
// the first one first. Keep the tolerance as small as the disagreement of the paths.
package dedupe
