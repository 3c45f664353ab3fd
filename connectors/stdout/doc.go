// Package stdout is a sink that writes events as NDJSON, one line per event in one of the forms of package format, to standard
// output. What it promises of lines and of their order is in package lines.
//
// Failure: a standard output that nobody reads any more stops the sink. A reader that stalls holds the sink up, and nothing else.
package stdout
