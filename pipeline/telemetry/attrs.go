package telemetry

import (
	"log/slog"
	"time"
)

// Keys of log attributes. One thing has one key in every line.
const (
	keyAddr       = "addr"
	keyAdmin      = "admin"
	keyAttempts   = "attempts"
	keyCounts     = "counts"
	keyError      = "error"
	keyEvent      = "event"
	keyHTTP       = "http"
	keyKept       = "kept"
	keyKind       = "kind"
	keyLease      = "lease"
	keyLimit      = "limit"
	keyPartition  = "partition"
	keyPartitions = "partitions"
	keyRetention  = "retention"
	keySinks      = "sinks"
	keySource     = "source"
	keySources    = "sources"
	keyStep       = "step"
	keyTask       = "task"
	keyTook       = "took"
	keyWhere      = "where"
)

// Err is what went wrong.
func Err(err error) slog.Attr { return slog.Any(keyError, err) }

// Partition is the number of a partition.
func Partition(p int) slog.Attr { return slog.Int(keyPartition, p) }

// Partitions is how many partitions there are.
func Partitions(n int) slog.Attr { return slog.Int(keyPartitions, n) }

// Source is the id of a source.
func Source(id string) slog.Attr { return slog.String(keySource, id) }

// Component is the id of a source or a sink, under its role.
func Component(role, id string) slog.Attr {
	return slog.String(role, id) //nolint:sloglint // the role is one of two constants
}

// Sources is how many sources there are.
func Sources(n int) slog.Attr { return slog.Int(keySources, n) }

// Sinks is how many sinks there are.
func Sinks(n int) slog.Attr { return slog.Int(keySinks, n) }

// Event is the identity of an event.
func Event(id string) slog.Attr { return slog.String(keyEvent, id) }

// Kind is the kind of an event.
func Kind(kind string) slog.Attr { return slog.String(keyKind, kind) }

// Attempts is how often something was tried.
func Attempts(n int) slog.Attr { return slog.Int(keyAttempts, n) }

// Counts is how many there were of each kind.
func Counts(counts map[string]int) slog.Attr { return slog.Any(keyCounts, counts) }

// Took is how long something took, rounded to milliseconds.
func Took(d time.Duration) slog.Attr { return slog.String(keyTook, d.Round(time.Millisecond).String()) }

// Limit is a bound of time that applies.
func Limit(d time.Duration) slog.Attr { return slog.String(keyLimit, d.String()) }

// Kept is how long something outside keeps what it has for Carillon.
func Kept(d time.Duration) slog.Attr { return slog.String(keyKept, d.String()) }

// Retention is how long events are kept and copies of them recognised.
func Retention(d time.Duration) slog.Attr { return slog.String(keyRetention, d.String()) }

// Addr is host:port of a listener.
func Addr(addr string) slog.Attr { return slog.String(keyAddr, addr) }

// HTTP is host:port of the receivers.
func HTTP(addr string) slog.Attr { return slog.String(keyHTTP, addr) }

// Admin is host:port of the admin listener.
func Admin(addr string) slog.Attr { return slog.String(keyAdmin, addr) }

// Lease is the key of a lease.
func Lease(key string) slog.Attr { return slog.String(keyLease, key) }

// Step names a step of a stop.
func Step(name string) slog.Attr { return slog.String(keyStep, name) }

// Task names what a goroutine was about.
func Task(name string) slog.Attr { return slog.String(keyTask, name) }

// Where is a place that a person would look at.
func Where(place string) slog.Attr { return slog.String(keyWhere, place) }
