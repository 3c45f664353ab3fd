// Package pipeline holds the contracts of Carillon: what a notification and an event are, what a source, an emitter and a
// sink promise each other, and which class an error belongs to. The stages live in the packages below this one, the
// connectors in ../connectors; they meet only here.
//
// # The life of one event
//
//		source -> ingest -> RAW -> sequence (dedupe, order) -> EVENTS -> deliver -> sinks
//		             |                                                      |
//		             +-> QUARANTINE (unreadable)                            +-> DEAD (given up)
//
//	 1. A source hands a [Notification] to its [Emitter] and waits. Ingest unwraps it, reads it once, and appends it to RAW
//	    in a group commit. Only when Emit has returned nil does the source answer 2xx or delete from its queue.
//	 2. The owner of a partition reads RAW, asks dedupe whether the event is known, holds it in order, and appends what order
//	    releases to EVENTS under its fence. RAW is acknowledged up to the lowest record that is not in EVENTS yet.
//	 3. EVENTS is the product and the only memory: a meeting that is not in memory is loaded from it when its next
//	    notification comes.
//	 4. Deliver reads EVENTS for each sink, one lane per meeting: many meetings at once, one meeting strictly in order.
//
// # Invariants
//
// Code that enforces one of these cites it by number.
//
//   - I1: A source acknowledges upstream only after RAW or QUARANTINE stored the notification.
//   - I2: Every accepted notification ends as exactly one of: an event in EVENTS, an event in LATE (perhaps its headers alone), a
//     witness of an event that is already there, a quarantined record, a counted filter match. What is counted is the distinct
//     RAW record, so reading RAW again counts nothing twice.
//   - I3: EVENTS holds an event once, over crash, redelivery, failover and clock steps, for as long as the smaller of the
//     retention and the age of the oldest kept event.
//   - I4: Within a meeting events leave in the order of the mode: time and adaptive are total by (event time, tie-break,
//     identity), causal keeps its table of what must come before what, none promises nothing. An event that arrived after one it
//     had to precede by the relation of the mode was released is late and says so.
//   - I5: A sink gets the events of a meeting in EVENTS order; the next one is sent only after the last was accepted, dead-lettered
//     or parked with its followers. What an operator has sent again comes between two of them, never beside one. Deliveries carry
//     an epoch and a sequence so that a receiver can refuse a deposed owner.
//   - I6: Memory is bounded. Full means back-pressure, never a drop. One poisoned meeting never stops another.
//   - I7: Stopping at any instant loses nothing. Sinks may see repeats, with the same id.
//   - I8: One recovery path. Start, crash, lost lease and an append of unknown outcome or refused by the fence all do the
//     same: hold the lease, take the fence, reset consumers to their floors, forget what is in memory, go on.
package pipeline
