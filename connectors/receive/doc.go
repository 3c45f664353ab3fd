// Package receive holds what every source that is an HTTP receiver needs: an endpoint that takes requests only while the
// source runs, waits for those in hand and counts them by how they ended, bodies read within a bound on their size and on the
// memory of all of them together (I6), the comparison of keys and passwords, short fixed answers, the id of a request, and the
// thinning of repeated log lines.
//
// Everything here is safe for concurrent use and starts no goroutine.
package receive
