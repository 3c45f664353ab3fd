//go:build integration

package bench

import (
	"flag"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	sourceLeast   = flag.Float64("source.least", 0.3, "the ratio below which the comparison with a bare loop fails; 0.8 is the aim on a quiet machine")
	sourcePollers = flag.Int("source.pollers", 1, "how many pollers both sides of that comparison have")
	sourceFor     = flag.Duration("source.for", 8*time.Second, "how long that comparison takes at least")
)

// TestSourceOnFauxqs compares the sqs source, with a real journal that is on disk before anything is deleted, with a bare loop
// at an emulator that others wrote. Start it as connectors/sqs/testdata/fauxqs/serve.mjs and set CARILLON_TEST_FAUXQS.
//
// The aim is 0.8 of the bare loop. The default demands less: this process, the emulator and its neighbours share the processors,
// and where those are all taken the ratio is no more than that of the processor time each side needs for a message, some 0.6,
// whatever the source does. A neighbour that writes to the disk slows only the half with the journal. What the default still
// catches is a source that stores poll by poll, or that pauses where it need not. One poller by default, because two processors
// are then enough for both sides: only the source works beside its polls.
func TestSourceOnFauxqs(t *testing.T) {
	endpoint := os.Getenv("CARILLON_TEST_FAUXQS")
	require.NotEmpty(t, endpoint, "CARILLON_TEST_FAUXQS must be the URL of a running fauxqs")
	o := Defaults()
	o.Source, o.Endpoint, o.Pollers, o.For, o.Dir = sourceSQS, endpoint, *sourcePollers, *sourceFor, t.TempDir()
	r, err := Run(t.Context(), o, t.Output(), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.NoError(t, Print(t.Output(), r))
	require.GreaterOrEqual(t, r.Source.Ratio, *sourceLeast)
}
