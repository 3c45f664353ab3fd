package receivetest

import (
	"context"
	"sync/atomic"

	"github.com/nats-io/nats.go"

	"carillon/pipeline/journal"
)

// Journal is a journal that stores everything and keeps only the numbers, so that the real ingest can run before it for
// long. The zero value is ready. It is safe for concurrent use.
type Journal struct {
	raw, quarantined atomic.Int64
}

// RawMessage implements ingest.Journal.
func (j *Journal) RawMessage(n journal.Notification) *nats.Msg { return &nats.Msg{Data: n.Body} }

// AppendRaw implements ingest.Journal.
func (j *Journal) AppendRaw(ctx context.Context, msgs []*nats.Msg) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.raw.Add(int64(len(msgs)))
	return nil
}

// Quarantine implements ingest.Journal.
func (j *Journal) Quarantine(ctx context.Context, _ journal.Quarantined) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j.quarantined.Add(1)
	return nil
}

// MaxBody implements ingest.Journal.
func (j *Journal) MaxBody() int { return 1 << 20 }

// Raw is how many notifications were stored in RAW.
func (j *Journal) Raw() int { return int(j.raw.Load()) }

// Quarantined is how many were stored in QUARANTINE.
func (j *Journal) Quarantined() int { return int(j.quarantined.Load()) }
