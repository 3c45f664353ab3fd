// Package order restores the order of events within a meeting. It is pure: no goroutine, no clock, no I/O; time comes in as
// a value and only has to be the same when the same records are read again.
//
// Mode time holds each event for the window after its arrival, then releases it together with all events of its meeting that
// precede it, sorted. Mode none releases at once. An event that precedes one that was released before it came is late: it is
// released at once and says by how much (I4).
//
// Events precede each other by event time; at equal times by what the attendee's state allows first (the Dropped of a present
// attendee before the Joined that follows it), then by the rank of their kind, then by identity. The state is that before the
// first event of that time left. An event whose place moves to the front when another of its time comes, after something
// behind that place has left, is late by 0 ms.
//
// Holds end by the instants that Push and Due are told, and Push lets go what is due before it looks at the event. So what a
// meeting gives out depends on the arrivals alone, not on how often Due is called: reading the same records again, with what
// has left given to Restore, gives the rest as it would have been. Only the limits, which cut holds short, are outside this.
package order
