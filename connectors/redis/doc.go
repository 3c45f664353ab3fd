// Package redis is a sink that appends events to streams of Redis (5 or newer).
//
// # Entry
//
// The stream is the one of the configuration, in which {key} stands for the meeting, so that all meetings may share a stream or
// each may have its own. An entry has these fields:
//
//   - body: the event in the format of the configuration (see package format; raw unless another is set).
//   - content-type: the media type of body.
//   - carillon-id, carillon-key, carillon-kind, carillon-time (Unix milliseconds), carillon-source, carillon-sequence,
//     carillon-epoch, carillon-late (milliseconds; only a late event) and carillon-gap (only when something was missing).
//
// With max_len a stream keeps about so many entries; Redis itself removes the oldest.
//
// # Delivery
//
// An event is accepted when Redis has answered. What a crash of Redis takes away is said by its own configuration (appendfsync), and
// a failover may lose what the replica has not seen: Redis does not wait for it.
//
// # Order
//
// The events of a Write are one transaction (MULTI, EXEC): they are appended in their order, and all or none of them when the
// connection breaks or Redis has no room (I5).
//
// # Repeats
//
// A Write whose answer got lost is sent again as a whole. Repeats have the carillon-id and the carillon-sequence of the first time.
//
// # Failure
//
//	an event that is no JSON for a format that needs it, or larger than Redis takes (512 MiB)   reject
//	max number of clients reached, BUSY                                                         throttle
//	MOVED, ASK, CROSSSLOT (a cluster), unknown command (older than 5)                           fatal: nothing will ever be accepted
//	OOM, LOADING, READONLY, MISCONF, NOREPLICAS, MASTERDOWN, every other answer                 retry
//	WRONGTYPE (the key is no stream), NOAUTH, WRONGPASS, NOPERM                                 retry: a person mends it
//	no connection, or it broke before the answer, or no answer in time                          retry
//
// # Limits
//
// One server, or what stands for one: neither Redis Cluster nor Sentinel. A server that is away when the router starts is waited
// for. Errors never hold an entry or a credential.
package redis
