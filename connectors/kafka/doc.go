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
// The events of a meeting are sent one after the other, each after the answer to the one before (I5); a batch sends one event of
// each of its meetings at the same time.
//
// # Repeats
//
// The producer is idempotent: what the client itself sends again while the sink is open is there once. A record that got no answer
// within the timeout stays on its way, and the next attempt for the event waits for that same record. So repeats come of a router
// that stopped, or lost the partition, before the answer: their carillon-id and carillon-sequence are those of the first time.
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
// would be given up is first sent alone, while nothing else is on its way.
//
// Brokers that are away when the router starts are waited for. Errors never hold a record or a credential.
package kafka
