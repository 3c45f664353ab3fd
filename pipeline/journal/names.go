package journal

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"

	"carillon/pipeline/chime"
)

var (
	serverURL  = regexp.MustCompile(`^(nats|tls|ws|wss)://[^\s/]+$`)
	prefixForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
)

// names spells every stream, subject and consumer. prefix is lower case.
type names struct{ prefix string }

func (n names) stream(suffix string) string {
	return strings.ToUpper(strings.ReplaceAll(n.prefix, "-", "_")) + "_" + suffix
}

func (n names) raw() string        { return n.stream("RAW") }
func (n names) events() string     { return n.stream("EVENTS") }
func (n names) late() string       { return n.stream("LATE") }
func (n names) quarantine() string { return n.stream("QUARANTINE") }
func (n names) dead() string       { return n.stream("DEAD") }
func (n names) leases() string     { return n.stream("LEASES") }

// parked is the bucket of parked lanes, parkedStream the stream that holds it.
func (n names) parked() string       { return n.stream("PARKED") }
func (n names) parkedStream() string { return "KV_" + n.parked() }

func (n names) rawSubject(p int) string   { return n.prefix + ".raw." + strconv.Itoa(p) }
func (n names) fenceSubject(p int) string { return n.prefix + ".fence." + strconv.Itoa(p) }

func (n names) allEvents() string { return n.prefix + ".events.>" }

func (n names) eventsFilter(p int) string { return n.prefix + ".events." + strconv.Itoa(p) + ".>" }

func (n names) eventSubject(p int, key string) string {
	return n.prefix + ".events." + strconv.Itoa(p) + "." + key
}

func (n names) lateSubject(p int, key string) string {
	return n.prefix + ".late." + strconv.Itoa(p) + "." + key
}

func (n names) quarantineSubject(source string) string { return n.prefix + ".quarantine." + source }

// deadFilter matches the dead letters of sink and key; empty names stand for all.
func (n names) deadFilter(sink, key string) string {
	return n.prefix + ".dead." + cmp.Or(sink, "*") + "." + cmp.Or(key, "*") + ".*"
}

func (n names) deadSubject(sink, key string, id chime.Identity) string {
	return n.prefix + ".dead." + sink + "." + key + "." + id.String()
}

func (n names) parkedAll() string { return "$KV." + n.parked() + ".>" }

func (n names) allParked() string { return "$KV." + n.parked() + ".*.*.lane.*" }

// parkedOf matches all that is stored of the parked lanes of sink.
func (n names) parkedOf(sink string) string { return "$KV." + n.parked() + "." + sink + ".>" }

// parkedLanes matches the parked lanes of sink in all partitions.
func (n names) parkedLanes(sink string) string { return "$KV." + n.parked() + "." + sink + ".*.lane.*" }

func (n names) parkedFilter(sink string, p int) string { return n.parkedSubject(sink, p, "*") }

func (n names) parkedSubject(sink string, p int, key string) string {
	return "$KV." + n.parked() + "." + sink + "." + strconv.Itoa(p) + ".lane." + key
}

func (n names) parkedFence(sink string, p int) string {
	return "$KV." + n.parked() + "." + sink + "." + strconv.Itoa(p) + ".fence"
}

// errandSubject and resumeSubject are in no stream: what nobody hears has not happened.
func (n names) errandSubject(sink string, p int) string {
	return n.prefix + ".errand." + sink + "." + strconv.Itoa(p)
}

func (n names) resumeSubject(sink string) string { return n.prefix + ".resume." + sink }

func rawConsumer(p int) string { return "sequence-" + strconv.Itoa(p) }

const sinkConsumerPrefix = "sink-"

func sinkConsumer(sink string, p int) string {
	return sinkConsumerPrefix + sink + "-" + strconv.Itoa(p)
}
