package pipelinetest

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/journal"
)

// JournalSetup is what a journal for a test is opened with.
type JournalSetup struct {
	Connect  journal.ConnectConfig
	Stream   journal.StreamConfig
	Settings journal.Settings
}

// NewJournalSetup returns a small journal of 4 partitions in a directory of t, without fsync, with its own registry and the
// real clock.
func NewJournalSetup(tb testing.TB) JournalSetup {
	tb.Helper()
	s := JournalSetup{Connect: journal.DefaultConnect(), Stream: journal.DefaultStream()}
	s.Connect.Embedded.Dir, s.Connect.Embedded.Sync = tb.TempDir(), journal.SyncInterval
	s.Stream.Partitions, s.Stream.MaxBytes = 4, 64*pipeline.MiB
	s.Settings = journal.Settings{
		Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Owner: tb.Name(), Clock: time.Now,
	}
	return s
}

// OpenJournal opens a real journal with an embedded server and closes it at the end of t. change, when it is not nil, may
// alter the setup first.
func OpenJournal(tb testing.TB, change func(*JournalSetup)) *journal.Journal {
	tb.Helper()
	s := NewJournalSetup(tb)
	if change != nil {
		change(&s)
	}
	j, err := journal.Open(tb.Context(), s.Connect, s.Stream, s.Settings)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, j.Close()) })
	return j
}
