// Package file is a sink that writes events as NDJSON, one line per event in the form of package format, to a file or to
// standard output.
//
// Delivery: an event is accepted once its line with its newline was taken by the operating system, and with fsync once it
// is on the disk. After a failure, a stop or a crash lines may repeat, with the same id.
//
// Order: the lines of a meeting are in the order of EVENTS, apart from repeats. Meetings are mixed. Writes run one after the
// other, up to 256 events with one call to the operating system.
//
// Whole lines: when only a part of a batch could be written (disk full), the lines that are whole count as accepted and the
// rest of the last one is cut off again. Where nothing can be cut (a pipe, a file that another process appends to as well)
// the half line is ended with a newline before anything else is written, and so is a last line without a newline that is
// found when the file is opened: a crash left it. A reader should pass over lines that are no JSON.
//
// The file is made with mode 0640 less the umask, only ever appended to, and must be readable. Its folder must exist. When
// it is renamed or removed (log rotation) the next batch goes to a new file of the same name.
//
// Failure: everything is worth another try (a full disk can be emptied, a permission given), except that a standard output
// which nobody reads any more stops the sink. A reader that stalls holds the sink up, and nothing else.
//
// Limits: a file system that hangs inside a call cannot be interrupted. Write and Close return when their context ends; the
// call itself goes on until the system lets it go, and what it still writes are repeats.
package file
