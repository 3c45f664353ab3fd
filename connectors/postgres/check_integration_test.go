//go:build integration

package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/connectors/postgres"
	"carillon/pipeline"
)

// TestCheck looks at databases in every state, and makes nothing.
func TestCheck(t *testing.T) {
	s := newServer(t)
	look := func(changes ...func(*postgres.Config)) (string, error) {
		sink := s.open(changes...)
		defer closeSink(t, sink)
		checker, ok := sink.(pipeline.Checker)
		require.True(t, ok)
		found, err := checker.Check(t.Context())
		if err != nil {
			require.NotContains(t, err.Error(), secret)
		}
		return found, err
	}
	existing := func(c *postgres.Config) { c.Create = false }

	found, err := look(withAttendance)
	require.NoError(t, err)
	require.Equal(t, "table carillon_events comes with the start, table attendance comes with the start", found)
	_, err = look(existing)
	require.ErrorContains(t, err, "table carillon_events: there is no such table, and create is false: make it, or set create")

	made := s.open(withAttendance)
	defer closeSink(t, made)
	start(t, made)
	found, err = look(withAttendance, existing)
	require.NoError(t, err)
	require.Equal(t, "table carillon_events, table attendance", found)
	var rows int
	require.NoError(t, s.pool.QueryRow(t.Context(), "SELECT count(*) FROM carillon_events").Scan(&rows))
	require.Zero(t, rows)

	s.exec("CREATE TABLE other (id int)")
	_, err = look(func(c *postgres.Config) { c.Table = "other" })
	require.ErrorContains(t, err, "the table has other columns")
	_, err = look(func(c *postgres.Config) { c.Table = "nowhere.events" })
	require.ErrorContains(t, err, "there is no such schema")
	_, err = look(func(c *postgres.Config) { c.URL = pipeline.NewSecret(s.url() + "&dbname=no_such_database") })
	require.ErrorContains(t, err, "there is no such database")
}
