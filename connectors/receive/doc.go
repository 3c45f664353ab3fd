// Package receive holds what every source that is an HTTP receiver needs: a gate that lets requests in only while the
// source runs and waits for those in hand, bodies read within a bound on their size and on the memory of all of them
// together (I6), the comparison of keys and passwords, short fixed answers, the id of a request, and the thinning of
// repeated log lines.
//
// Everything here is safe for concurrent use and starts no goroutine.
package receive
