// Package journal is everything Carillon knows of JetStream: the server in this process or the cluster elsewhere, the
// streams, the group commit, leases and fences, feeds, the history of a meeting, and purging. Nobody else makes a stream or
// a consumer.
//
// What a caller may rely on: an append that returned nil is stored, and with sync: always on disk; an append that returned
// ErrFull, ErrFenced or ErrRefused is not stored; after any other error it may or may not be. All types are safe for
// concurrent use unless they say otherwise.
package journal
