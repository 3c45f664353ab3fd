// Package simulate makes meetings whose truth is known, sends them over three paths that delay, lose, repeat and disorder,
// and scores what came out of a sink. It is pure: no goroutine, no I/O, no wall clock. A Profile with its seed gives the
// same run every time.
//
//	Profile ── Generate ──> Truth ── Plan ──> []Delivery ──> connectors, router, sink ──> Output ── Score ──> Report
//
// # The truth
//
// A meeting starts (MeetingStarted) and people come: AttendeeAdded 1 to 2 s later for seven in ten, up to half-way through
// for the rest; Authorized 2 to 8 s after that, Joined 1 to 9 s after that. One in twenty never comes. Seven in ten switch a
// camera on and off; one presence in seven shares content. A presence breaks off one time in five or less, and the attendee
// is back within the same millisecond (three in ten), within the same second (three in ten) or after 10 to 60 s. People
// leave over the last third of the meeting, or all in its last second; one in ten departures is a drop, and one attendee in
// ten is deleted afterwards. Three meetings in ten are transcribed, one in four is captured by a media pipeline, which reports
// itself in progress once or twice, attends as aws:MediaPipeline-..., and is deleted 35 s after MeetingEnded: the late tail.
//
// Those are seconds of life. When Profile.Duration is too short for them, all gaps shrink by one factor and network delays
// do not: a compressed run is harder to order than life. Within a meeting timestamps rise by at least 1 ms, except that a
// share of events takes the timestamp of the event before. The order in the truth is then what the state of the attendee
// allows first (the drop of somebody who is present before the join that follows), then rank: what opens before what closes.
//
// # The paths
//
// Each path draws for each event, alone: whether it loses it, a log-normal delay with a given median and 99th percentile, a
// stall, and whether it delivers it a second time. The Demo profile has a median of 60 ms and a 99th percentile of 400 ms on
// SQS and SNS, 90 and 600 ms on EventBridge, 2 % loss, 5 % repeats, stalls of 300 ms once in 5 s, and no skew. The first of
// two or three copies then arrives more than 2 s after the event about once in thirty million events, so a window of 2 s, the
// default, sees nothing late. An event that every path loses (8 in a million there) is not expected from anybody: lost
// means that a path carried it and it never came out.
//
// The body of a direct path has no id, no resources and milliseconds in time; that of EventBridge has an id and whole
// seconds, sometimes those after the event. Some bodies have their fields shuffled, inside and outside, or white space.
// Unreadable bodies and CloudTrail records come in between; they are distinct, so that the quarantine can be counted.
//
// # The score
//
// Outputs are matched with the truth by eventType, meetingId, attendeeId, mediaPipelineId and timestamp as read from their
// body with encoding/json. Nothing here uses the router's own reading, tables of rank or identity, so that a mistake in
// one of them shows.
//
// One event must precede another of its meeting
//
//   - when its timestamp is lower;
//   - when the timestamps are equal, both switch the same thing of the same subject (presence, camera, content connection,
//     content video), it is first in the truth, and the router knew the state before both: the event before them in that
//     dimension had come out and was not late, and nothing older of the dimension came out after it;
//   - when the timestamps are equal and within that timestamp no two events of the truth switch the same thing and every
//     state before those that came out was known: by rank (MeetingStarted 0, Added 10, Authorized 20, Joined 30, CapabilitiesUpdated 35,
//     VideoStarted 40, ContentJoined 45, ContentVideoStarted 50, transcription and pipeline 55, ContentVideoStopped 60,
//     ContentLeft and ContentDropped 65, VideoStopped 70, Left and Dropped 75, Deleted 80, MeetingEnded 90), and at equal
//     rank by the identity that the router gave.
//
// In all other cases equal timestamps leave the router free.
//
// An event is misordered when it is not marked late and comes after one that it must precede, or when its sequence is out of
// place. Sequences are checked per key: a first delivery must be above all sequences before it, and a redelivery may go back
// any distance but must go on from there without leaving anything out, until it reaches what is new.
//
// An event e marked late is justified if and only if an event f of its meeting came out before e, the timestamp of e is not
// above that of f, and f had reached the router a window or more before e did:
//
//	received(f) + window <= received(e) + tolerance
//
// where received(f) is when the router got the first copy of f, and received(e) when it got that of the last event of the
// subject and the timestamp of e: only then is the place of e certain, since a join that comes moves the drop of its
// millisecond to the front, and window is that of f where the router's window moves. Equal timestamps count whatever their order: an event that comes a whole window after one of the
// same millisecond may be called late. The tolerance covers that the router holds by the time at which the journal stored
// the copy, a little after it was received; a few hundred milliseconds on a loaded machine, 0 for a model.
//
// A router that holds an event only while something is missing (ByLife) has no window to judge it by. There e is justified if
// and only if something came out before it, not late itself and with a timestamp that is not lower, that the life of its
// subject has after e: anything for MeetingStarted, MeetingEnded for every coming and going, Joined for the Dropped before it.
//
// # What nobody could see
//
// A lifecycle violation is an event that came out before one that its subject had gone through before. Some of these nobody can
// see who knows only what came out: the departure before a whole camera session, first the drop and the join, then the join
// before them. UnseenSwaps counts those apart, by following the lives of all subjects through what comes out: the event that
// came too early left a life that can be, with everything open closed again before its owner departs.
package simulate
