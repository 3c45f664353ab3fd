//go:build integration

package bench

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// database returns the URL of a server whose user may make tables, as the tests of connectors/postgres want it.
func database(t *testing.T) string {
	t.Helper()
	url := os.Getenv("CARILLON_TEST_POSTGRES")
	require.NotEmpty(t, url, "CARILLON_TEST_POSTGRES must be the URL of a running PostgreSQL")
	return url
}

func TestSinkOnPostgres(t *testing.T) {
	o := tinySink(t, sinkPostgres)
	o.SinkURL = database(t)
	r := runTiny(t, o)
	requireComparison(t, o, r.Sink)
	require.Equal(t, 256, r.Sink.Batch)
}

func TestBareLoopsInsertTheSameRows(t *testing.T) {
	o := tinySink(t, sinkPostgres)
	o.SinkURL = database(t)
	s := startSink(t, o)
	f, ok := s.far.(*postgresFar)
	require.True(t, ok)
	requireSame(t, s, func() []string {
		var out []string
		require.NoError(t, f.pool.QueryRow(t.Context(), `SELECT array_agg(t::text) FROM `+farTable+` AS t`).Scan(&out))
		return out
	})
}
