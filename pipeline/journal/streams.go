package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"carillon/pipeline"
)

const (
	// metaPartitions is the key of the stream metadata that fixes the number of partitions.
	metaPartitions = "carillon_partitions"
	// idWindow is for how long the server remembers message ids: the least it allows, because nothing is published with one. At
	// its start it reads every message that is younger.
	idWindow = 100 * time.Millisecond
)

// rawBytes is what RAW may take: a third of EVENTS. An event in EVENTS may not be purged while a record up to its own is not
// processed, and the events that one stuck record keeps in EVENTS came of records that filled RAW twice at most: once before it
// was read, once since. Were that more than EVENTS holds, both streams could be full with nothing to purge in either.
func rawBytes(s StreamConfig) pipeline.Size { return s.MaxBytes / 3 }

// sideBytes is what LATE, QUARANTINE and DEAD may take each: a quarter of EVENTS together.
func (j *Journal) sideBytes() pipeline.Size { return j.stream.MaxBytes / 12 }

// parkedBytes is what the bucket of parked lanes may take. A lane takes about 300 bytes.
func parkedBytes(s StreamConfig) pipeline.Size {
	return min(max(s.MaxBytes/32, 4*pipeline.MiB), 64*pipeline.MiB)
}

// TotalBytes is the most that all streams of s together take on disk of one server.
func TotalBytes(s StreamConfig) pipeline.Size {
	return s.MaxBytes + rawBytes(s) + 3*(s.MaxBytes/12) + parkedBytes(s)
}

// makeStreams makes what is missing. Every stream is a Limits stream that refuses what does not fit (I6).
func (j *Journal) makeStreams(ctx context.Context) error {
	n := j.names
	all := []jetstream.StreamConfig{
		{Name: n.raw(), Subjects: []string{n.prefix + ".raw.*"}, MaxBytes: int64(rawBytes(j.stream))},
		{Name: n.events(), Subjects: []string{n.prefix + ".events.*.*", n.prefix + ".fence.*"}, MaxBytes: int64(j.stream.MaxBytes), AllowRollup: true},
		{Name: n.late(), Subjects: []string{n.prefix + ".late.*.*"}, MaxBytes: int64(j.sideBytes())},
		{Name: n.quarantine(), Subjects: []string{n.prefix + ".quarantine.*"}, MaxBytes: int64(j.sideBytes())},
		{Name: n.dead(), Subjects: []string{n.prefix + ".dead.*.*.*"}, MaxBytes: int64(j.sideBytes()), MaxMsgsPerSubject: 1},
		{
			Name: n.parkedStream(), Subjects: []string{n.parkedAll()}, MaxBytes: int64(parkedBytes(j.stream)), MaxMsgsPerSubject: 1,
			AllowRollup: true, AllowMsgTTL: true, DenyDelete: true,
		},
	}
	for _, c := range all {
		c.Retention = jetstream.LimitsPolicy
		c.Discard = jetstream.DiscardNew
		c.Storage = jetstream.FileStorage
		c.Replicas = j.stream.Replicas
		c.AllowDirect = true
		c.AllowAtomicPublish = true
		c.Duplicates = idWindow
		c.Metadata = map[string]string{metaPartitions: strconv.Itoa(j.stream.Partitions)}
		if err := j.makeStream(ctx, c); err != nil {
			return err
		}
	}
	return j.makeLeases(ctx)
}

// makeStream makes c, or brings the limits of an existing stream to those of c. The number of partitions never changes: the
// events of a meeting would be spread over two owners.
func (j *Journal) makeStream(ctx context.Context, c jetstream.StreamConfig) error {
	s, err := j.js.Stream(ctx, c.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if j.streams[c.Name], err = j.js.CreateStream(ctx, c); err != nil {
			return fmt.Errorf("making stream %s: %w", c.Name, err)
		}
		j.made.Store(true)
		return nil
	}
	if err != nil {
		return fmt.Errorf("asking for stream %s: %w", c.Name, err)
	}
	have := s.CachedInfo().Config
	if made := have.Metadata[metaPartitions]; made != c.Metadata[metaPartitions] {
		return fmt.Errorf("stream %s was made with %s partitions and the configuration says stream.partitions: %s: the number cannot change; "+
			"set it back, or use another stream.prefix", c.Name, orNone(made), c.Metadata[metaPartitions])
	}
	j.streams[c.Name] = s
	if have.MaxBytes == c.MaxBytes && have.Replicas == c.Replicas && have.Duplicates == c.Duplicates {
		return nil
	}
	have.MaxBytes, have.Replicas, have.Duplicates = c.MaxBytes, c.Replicas, c.Duplicates
	if _, err := j.js.UpdateStream(ctx, have); err != nil {
		return fmt.Errorf("changing limits of stream %s: %w", c.Name, err)
	}
	j.made.Store(true)
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "no known number of"
	}
	return s
}
