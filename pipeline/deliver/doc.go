// Package deliver is the last stage: it reads EVENTS for each sink and hands events to it, many meetings at once and one
// meeting strictly in order (I5).
//
// Every meeting has a lane. The next event of a lane is sent only after the last one was accepted or dead-lettered; a lane
// whose event is refused for now waits, with exponential backoff and full jitter, and the other lanes go on. An event that the
// sink rejects, or that was tried for longer than give_up_after, goes to DEAD and the lane goes on.
//
// A sink is acknowledged up to the lowest event that is not settled, a few times a second, so a restart may repeat events, with
// the same id, in order, and never skips one (I7). When the limit of unsettled events is reached reading stops (I6), and so it
// does when 65,536 events were read beyond the lowest one that is not settled: a meeting that is stuck stops the others of its
// partition no sooner.
package deliver
