// Package file is a sink that writes events as NDJSON, one line per event in one of the forms of package format, to a file.
// What it promises of lines and of their order is in package lines; standard output has a sink of its own.
//
// Delivery: with fsync: always an event is accepted once it is on the disk. With interval, the default, a power loss may take
// what was accepted within fsync_interval, and with never what the system had not written yet. The process may be killed at any
// time with each of them.
//
// The file is made with mode 0640 less the umask, only ever appended to, and must be readable. Its folder must exist. When
// it is renamed or removed by somebody else the next batch goes to a new file of the same name.
//
// Rotation: before a batch that would make it larger than rotate.max_size, and when a span of rotate.max_age is over, the file is
// renamed to its name with the time in UTC in it (events-2026-01-05T10-00-00.000Z.ndjson) and a new one is begun. Spans are
// counted from midnight UTC on 1 January 1970, so that 24h gives one file per day and a restart changes nothing; which one
// the last line is of is known from the time of the file's last change. Nothing is ever removed unless rotate.keep says so.
// When renaming fails the file grows on, which is logged and counted.
//
// Failure: everything is worth another try (a full disk can be emptied, a permission given).
package file
