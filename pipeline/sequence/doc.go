// Package sequence is the owner of a partition: it reads RAW, asks dedupe, pushes into order, and appends what order releases
// to EVENTS under the partition's fence, one batch at a time.
//
// One goroutine owns the state of a partition; two more load histories and one appends. RAW is acknowledged, a few times a
// second, up to the lowest record that is not in EVENTS yet; nothing is held by withholding single acknowledgements. Whatever
// goes wrong ends in the same place: Run returns, and the next Run takes the fence, resets the feed to its floor and begins
// with an empty memory (I8).
//
// Order's clock is log time: the running maximum of the RAW store timestamps that were read. It goes on with the monotonic
// clock only while everything stored was read, which is asked of the stream before anything is released by it. So reading the
// same RAW again gives the same EVENTS, a backlog keeps its windows, and a step of the wall clock harms nothing. With order mode
// adaptive the window is measured anew after a start, so that the same RAW may be released by other windows; what is late has
// its cause all the same.
//
// Mode causal decides by what has left, and after a recovery EVENTS holds more than had left at the moment of the log where
// reading begins again. So the history of a meeting counts for order only as far as its records are older than that moment,
// and an event that had waited tells when it arrived; the rest is learnt from the records themselves when they come again.
//
// A late event goes to EVENTS, marked, or to LATE, as the configuration says. On its way to LATE it keeps its turn behind what
// left before it, and one append stores one event, which must be the next of its key: see journal.AppendLate. LATE is read with
// the history of a meeting, so that copies of its events are known. When it is full, the partition waits as it does for EVENTS.
package sequence
