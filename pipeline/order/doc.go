// Package order restores the order of events within a meeting. It is pure: no goroutine, no clock, no I/O; time comes in as
// a value and only has to be the same when the same records are read again.
//
// Mode none releases at once and promises nothing. Mode time holds each event for the window after its arrival, then releases
// it together with all events of its meeting that precede it, sorted. Mode adaptive is mode time with a window that follows the
// measured disorder. Mode causal releases an event at once unless something that must come before it is missing. In all but
// the first, an event that precedes one that was released before it came is late and says by how much: it is released at once,
// but for what mode causal says below (I4).
//
// Holds end by the instants that Push and Due are told, and Push lets go what is due before it looks at the event. So what a
// meeting gives out depends on the arrivals alone, not on how often Due is called: reading the same records again, with what
// has left given to Restore or Again, gives the rest as it would have been. Only the limits, which cut holds short, and the
// windows of mode adaptive are outside this.
//
// # Time
//
// Events precede each other by event time; at equal times by what the attendee's state allows first (the Dropped of a present
// attendee before the Joined that follows it), then by the rank of their kind, then by identity. The state is that before the
// first event of that time left. An event whose place moves to the front when another of its time comes, after something
// behind that place has left, is late by 0 ms.
//
// # Causal
//
// What must come before what is a table: table.go. Each line says which rules an event waits for (the attendee was added, is
// present, has the camera off ...), which of them it makes true for others, and which older events of its attendee it leaves
// behind. Rules are about what has left: about the meeting, or one attendee of it. Nothing else is waited for, so that traffic
// that comes in order is not delayed, rejoins, hand-offs, content shares, media pipelines and the tail after MeetingEnded
// included. Of one attendee, what waits also holds back what happened later; other attendees never notice.
//
// An event waits no longer than the window. Then it goes with all that waits before it, says in Gap which rules were waited
// for in vain, and they count as met for its attendee from then on: one missing AttendeeAdded costs one window, whatever follows
// it. Only the start of the meeting is waited for again, by each attendee until it has joined. An event is late when one that
// the table has after it has left with a higher event time, or waited for it in vain. Within one millisecond the state decides
// what goes first, and rank only between events that both may go. A late event goes at once unless it needs what nothing newer
// has set: the VideoStopped that comes after the departure of its millisecond still waits for its VideoStarted.
//
// The table is what logs of real meetings and the documents have. Where life is otherwise a window is lost, never an event: a
// departure waits once for a camera that nobody switches off, unless it went off later, which ends the wait; a second VideoStarted
// waits once for the end of the first. Authorizations are waited for only in meetings where somebody was authorized before joining
// first, because the documents disagree about them. A meeting that is seen from the middle on costs each attendee a window.
//
// An event in order confirms the rules it needs at its event time, a late one changes only what nothing newer has set. After a
// recovery, events that are in EVENTS but had not left at the moment of the log where reading begins again are given to Again
// when their records come, and wait once more, without a trace: else what follows them would find them gone too early.
//
// # Adaptive
//
// The window is to be the shortest for which no more than 10 in a million events come too late, of those that come within max
// at all. So rare an event cannot be counted: at three events per second one is seen in ten hours. But it can be computed. An
// event e is late for a window w when d - a reaches w, with d the delay of e's first copy, and a the time from e's event time until
// the first of the events that follow e in its meeting arrived. The two belong to different events and are independent; both
// are measured for every event, late or not. The chance is the mean, over the measured a, of the chance that d exceeds w + a.
//
// The first copy is the fastest of what several sources bring, so its tail is the product of theirs: that a source takes longer,
// or lost the event. For each source there is a sketch of its delays (DDSketch, 1 % relative error) and the share of the
// events that it brings; what it does not bring within max counts as lost. The upper half of a sketch is fitted with a
// log-normal tail, each quantile weighted by how well it is known. With three sources the product reaches one in 100,000 where
// each tail alone is at a few in a hundred, which some hundred samples know well. Delays count from the shortest ones, so that
// the difference between the clocks of AWS and of this router cancels out; when it changes, measuring begins anew. Where delays
// are not independent the window is at least the hold that more events were seen to need than the target explains.
//
// Measures are kept in two halves of five minutes, or of 600 events when those take longer. Until 60 events are measured the
// window stays at its start. A restart measures anew. On the published profiles of package simulate, 20 seeds each, against
// the smallest fixed window by the distributions of the profile (TestAdaptiveFindsTheSmallestWindow):
//
//	profile  smallest  mean of the run  5 minutes after the first event  furthest off after 20 minutes
//	calm     0.29 s    0.99             1.07 (0.91 to 1.25)              13 % (10 to 19 %)
//	aws      1.88 s    0.99             1.11 (0.92 to 1.55)              13 % (10 to 18 %)
//	storm    25.1 s    0.97             1.00 (0.76 to 1.10)              12 % (8 to 16 %)
//	skewed   1.78 s    0.99             1.09 (0.93 to 1.47)              14 % (11 to 19 %)
//
// The windows are given as multiples of the smallest. The five minutes are the first of a run in which meetings begin one by
// one: in the two seeds that are furthest off fewer than 100 events had been measured by then. Within the ten minutes of the
// profile outage the window is up to four times the smallest, because a path is gone.
package order
