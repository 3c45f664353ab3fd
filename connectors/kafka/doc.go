// Package kafka is a sink that produces events to a topic of Kafka.
//
// # Record
//
// The key is the meeting, or whatever else the event is ordered in, hashed to a partition as the Java client does, so that one
// meeting is in one partition as long as the number of partitions stays. The value is the event in the format of the
// configuration (see package format; raw unless another is set). The timestamp is when the record was made. The headers are:
//
//   - content-type: the media type of the value.
//   - carillon-id, carillon-key, carillon-kind, carillon-time (Unix milliseconds), carillon-source, carillon-sequence,
//     carillon-epoch, carillon-late (milliseconds; only a late event) and carillon-gap (only when something was missing).
//   - ce_id, ce_type and the others in the format cloudevents-binary, as the Kafka binding of CloudEvents has them.
//
// # Delivery
//
// A record is accepted when all replicas in sync have it (acks all). How many these must be is said at the topic
// (min.insync.replicas). The topic must exist, unless the brokers make topics by themselves.
//
// # Order
//
// All events of one Write are handed to the client together, and those of a partition go in one batch, which a broker takes or refuses
// as a whole. They do so only if
//
//   - the Write is no larger than half of max_message, so that it fits a batch,
//   - nothing else of that client is on its way, and what it sent last was accepted, and
//   - no event of the Write is on its way already.
//
// Otherwise, and when such a batch is refused with a code that may be about one record alone, the events of a meeting are sent one after
// the other, each after the answer to the one before, and one event of each meeting at the same time (I5).
//
// That a later event is never accepted without the earlier ones of its meeting rests on three things. While events are handed over,
// nothing is written to a broker, so that no answer can fail the first before the last is there; a batch alone would not do, because
// the client takes records one by one, may drop some for a reason of its own in between (metadata), and a drain that is about to end may
// take the beginning along although nothing was flushed. When a failure did come in between, or the topic got more partitions, that
// client never writes again, and a new one takes its place. After that the client fails whatever is behind a failure in a partition,
// and the idempotent producer numbers the records, so that a broker refuses what comes after a gap, should they be in two batches.
//
// Each Write that is under way has a client of its own, up to eight, so that one Write waits for no other, and an answer about one is
// not about others. One client that gathers what several Writes wait for would have fewer connections, and would make all of them wait
// for the slowest partition of any, and try one by one what only one of them was refused for.
//
// # Repeats
//
// The producer is idempotent: what the client itself sends again while the sink is open is there once. A record that got no answer
// within the timeout stays on its way, and the next attempt for the event waits for that same record; those of its meeting that went
// with it stay too. An answer that comes between two attempts is kept for the next one, up to 16,384 of them. So repeats come of a
// router that stopped, or lost the partition, before the answer: their carillon-id and carillon-sequence are those of the first time.
//
// # Failure
//
//	MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE, INVALID_RECORD, INVALID_TIMESTAMP   reject, if it is so for the record alone
//	THROTTLING_QUOTA_EXCEEDED                                                     throttle
//	INVALID_TOPIC_EXCEPTION, UNSUPPORTED_VERSION, UNSUPPORTED_FOR_MESSAGE_FORMAT,
//	UNSUPPORTED_SASL_MECHANISM, INVALID_REQUIRED_ACKS                             fatal: nothing will ever be accepted
//	no authorization, no topic, too few replicas, every other code                retry
//	no connection, or no answer in time                                           retry
//
// A broker refuses a batch as a whole, and the client then fails everything that waits for the same partition. So an event that
// would be given up is first sent alone, while nothing else of that client is on its way, and nothing of its meeting before it is taken.
//
// Brokers that are away when the router starts are waited for. Errors never hold a record or a credential.
package kafka
