// Package receivetest holds what the tests of HTTP receivers share: what a router puts around a source, a sender of hostile
// requests over raw connections, fast enough for hundreds of thousands of them, and a journal that only counts.
package receivetest
