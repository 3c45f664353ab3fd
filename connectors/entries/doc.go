// Package entries is what the sinks for SQS, SNS and EventBridge share: calls of a few entries each, of which some may be
// accepted and others not. A sink embeds a Sender, opens it in Start, and tells Write how its service takes an event and
// how a call is made.
//
// # Order
//
// AWS may accept an entry although one before it in the same call failed. So a call never has two events of one meeting: the
// next one goes with the next call, and only if the one before was accepted (I5). Events of several meetings share calls.
//
// # Failure
//
// What fails alone is reported alone, and is sent again alone; its neighbours are not. A call that is refused as a whole for what
// is in it is made again with halves of its entries, until it is known which of them is refused. A call that fails for another
// reason ends the Write: what was not sent by then has its error.
package entries
