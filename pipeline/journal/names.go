package journal

import (
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

func (n names) rawSubject(p int) string   { return n.prefix + ".raw." + strconv.Itoa(p) }
func (n names) fenceSubject(p int) string { return n.prefix + ".fence." + strconv.Itoa(p) }

func (n names) allEvents() string { return n.prefix + ".events.>" }

func (n names) eventsFilter(p int) string { return n.prefix + ".events." + strconv.Itoa(p) + ".>" }

func (n names) eventSubject(p int, key string) string {
	return n.prefix + ".events." + strconv.Itoa(p) + "." + key
}

func (n names) quarantineSubject(source string) string { return n.prefix + ".quarantine." + source }

func (n names) deadFilter(sink string) string { return n.prefix + ".dead." + sink + ".>" }

func (n names) deadSubject(sink, key string, id chime.Identity) string {
	return n.prefix + ".dead." + sink + "." + key + "." + id.String()
}

func rawConsumer(p int) string { return "sequence-" + strconv.Itoa(p) }

const sinkConsumerPrefix = "sink-"

func sinkConsumer(sink string, p int) string {
	return sinkConsumerPrefix + sink + "-" + strconv.Itoa(p)
}
