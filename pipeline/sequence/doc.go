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
// same RAW again gives the same EVENTS, a backlog keeps its windows, and a step of the wall clock harms nothing.
package sequence
