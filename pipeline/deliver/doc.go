// Package deliver is the last stage: it reads EVENTS for each sink and hands events to it, many meetings at once and one
// meeting strictly in order (I5).
//
// Every meeting has a lane. The next event of a lane is sent only after the last one was accepted or dead-lettered; a lane
// whose event is refused for now waits, with exponential backoff and full jitter, and the other lanes go on. An event that the
// sink rejects, or that was tried for longer than give_up_after, goes to DEAD and the lane goes on.
//
// A sink is acknowledged up to the lowest event that is not settled, a few times a second, so a restart may repeat events, with
// the same id, in order, and never skips one (I7). When the limit of unsettled events is reached reading stops (I6).
//
// # Parked lanes
//
// One meeting must not stop the others by that. A lane that is longer than lane_max, whose front was refused for longer than
// lane_patience while others came after it, or that is refused while the limits are reached, is parked:
//
//  1. Its next sequence is stored. From then on the floor need not wait for it: its events leave memory, and those that the
//     feed brings are settled at once.
//  2. It keeps its backoff. When its turn comes its next events are read from EVENTS by subject, a page at a time, up to what
//     the feed has passed by, and never further: what the feed has still to bring cannot be sent twice or be overtaken.
//  3. How far it is gets stored a few times a second, so that a restart repeats little. A restart begins with the parked lanes.
//  4. When it has delivered all that the feed has passed by, the record goes first, and then it is a lane like any other.
//
// Events that a parked lane needs are not purged. Parked lanes belong to the owner of the partition; a former one is refused
// when it stores anything, and begins anew (I8). While a sink accepts nothing at all only a few hundred lanes are parked,
// because that would free nobody.
//
// # When a sink does not take events
//
// A breaker, one for the sink in this process, opens when five calls in a row fail for three meetings or more, and when more than
// guard.share of the last guard.last events were rejected. Open it lets one event at a time pass, a probe, of a meeting that was not
// refused if there is one, with pauses that grow to 5 s, and closes when a probe is accepted. What fails while it is open costs its
// meeting neither an attempt nor time, and is no dead letter. One or two meetings that are refused never open it: they are retried,
// and given up, by themselves.
//
// With on_dead: park nothing of a meeting is sent while it has a dead letter: its lane is parked until they were redriven or dropped.
//
// # What operators want sent
//
// Dead letters and history come as errands to the owner of the partition. Each is sent once, in its meeting's turn, never beside
// another event of it (I5), and what is due and what was asked for take turns. A dead letter goes when it was accepted; it is retried
// by nobody else, so that a redrive and a retry cannot both send it. Of history only what the sink has passed is sent.
package deliver
