// Package ingest is the first stage: it unwraps what a source hands over, reads each notification once, and stores it in RAW
// or, when it cannot be read, whole in QUARANTINE. What is known not to be wanted is counted and goes no further.
//
// Guarantees: Emit returns nil only after the journal has everything (I1); what the journal refuses for good goes to
// QUARANTINE like what cannot be read (I2); when the journal is full or away Emit fails and nothing is acknowledged upstream;
// the bytes in flight are bounded, beyond that Emit waits (I6). An Emitter is safe for concurrent use.
package ingest
