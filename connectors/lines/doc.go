// Package lines is what sinks have in common that append events to a destination of bytes, one line per event: files and
// standard output. It keeps lines whole and says of every event whether it was taken.
//
// Delivery: an event is accepted once its line with its newline was taken by the operating system, and with SyncAlways once it
// is on the disk. After a failure, a stop or a crash lines may repeat, with the same id.
//
// Order: the lines of a meeting are in the order of EVENTS, apart from repeats. Meetings are mixed. Writes run one after the
// other, up to 256 events with one call to the operating system.
//
// Whole lines: when only a part of a batch could be written (disk full), the lines that are whole count as accepted and the
// rest of the last one is cut off again. Where nothing can be cut (a pipe, a file that another process appends to as well)
// the half line is ended with a newline before anything else is written, and so is a last line without a newline that is
// found when the destination is opened: a crash left it. A reader should pass over lines that are no JSON.
//
// Formats: json, raw, eventbridge and cloudevents; see package format. An event that cannot be put into the format is rejected.
//
// Limits: a file system that hangs inside a call cannot be interrupted. Write and Close return when their context ends; the
// call itself goes on until the system lets it go, and what it still writes are repeats.
package lines
