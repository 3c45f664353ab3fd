//go:build integration

package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/postgres"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

func withAttendance(c *postgres.Config) { c.Attendance = "attendance" }

func plain(*postgres.Config) {}

func TestSink(t *testing.T) {
	for name, change := range map[string]func(*postgres.Config){"plain": plain, "attendance": withAttendance} {
		t.Run(name, func(t *testing.T) {
			connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver {
				t.Helper()
				s := newServer(t)
				s.track(change)
				return connectortest.SinkDriver{
					Open:     func() pipeline.Sink { return s.forewarn(s.open(change)) },
					Accepted: s.accepted, Stall: s.stall, Cut: s.proxy.Cut, Refuse: s.refuse,
					Secrets: []string{secret},
				}
			})
		})
	}
}

func TestFaults(t *testing.T) {
	for name, change := range map[string]func(*postgres.Config){"plain": plain, "attendance": withAttendance} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.track(change)
			connectortest.Faults(t, connectortest.FaultDriver{
				Open: func() pipeline.Sink {
					return s.open(change, func(c *postgres.Config) { c.Batch, c.Timeout = 20, 5*time.Second })
				},
				Accepted: s.accepted, Cut: s.proxy.Cut, Errors: s.proxy.Errors, Delay: s.proxy.Delay, Restart: s.restart,
				Once: true, Secrets: []string{secret},
			}, connectortest.FaultOptions{Share: 0.05})
			if name == "attendance" {
				s.checkAttendance(t)
			}
		})
	}
}

func TestStart_LooksAtTheTables(t *testing.T) {
	for name, row := range map[string]struct {
		before string
		change func(*postgres.Config)
		want   string
	}{
		"no table":        {"", func(c *postgres.Config) { c.Create = false }, "there is no such table"},
		"no such schema":  {"", func(c *postgres.Config) { c.Table = "none.events" }, "3F000"},
		"another table":   {"CREATE TABLE carillon_events (id text PRIMARY KEY)", plain, "42703"},
		"no unique index": {"CREATE TABLE carillon_events AS SELECT ''::text id, ''::text key, ''::text kind, ''::text attendee, ''::text role, now() AS time, ''::text source, now() received, 1::bigint AS sequence, 1::bigint epoch, 1::bigint late_ms, ''::text gap, '{}'::json event", plain, "42P10"},
		"a view instead":  {"CREATE VIEW attendance AS SELECT 1 AS key", withAttendance, "42703"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			if row.before != "" {
				s.exec(row.before)
			}
			sink := s.open(row.change)
			defer closeSink(t, sink)
			starter, ok := sink.(pipeline.Starter)
			require.True(t, ok)
			require.ErrorContains(t, starter.Start(t.Context()), row.want)
		})
	}
}

func TestStart_TablesThatAreThereNeedNoRightToMakeThem(t *testing.T) {
	s := newServer(t)
	s.exec("CREATE SCHEMA chime")
	change := func(c *postgres.Config) { c.Table, c.Attendance = "chime.events", "chime.attendance" }
	first := s.open(change)
	start(t, first)
	closeSink(t, first)
	second := s.open(change, func(c *postgres.Config) { c.Create = false })
	defer closeSink(t, second)
	start(t, second)
	require.NoError(t, second.Write(t.Context(), []pipeline.Event{event(1, "m")}))
}

func TestWrite_FillsEveryColumn(t *testing.T) {
	s := newServer(t)
	sink := s.open()
	start(t, sink)
	defer closeSink(t, sink)
	full, bare := event(1, "m"), pipeline.Event{ID: chime.Identity{15: 2}, Key: "k\x00\xff", Kind: "x", Body: []byte("no JSON \x00")}
	full.Attendee, full.Role, full.IsLate, full.Late, full.Gap = "a", pipeline.RoleService, true, 1500*time.Millisecond, "chime:MeetingStarted"
	require.NoError(t, sink.Write(t.Context(), []pipeline.Event{full, bare, full}))
	var got []string
	rows, err := s.pool.Query(t.Context(), `SELECT concat_ws('|', id, key, kind, attendee, role, extract(epoch FROM time), source,
		extract(epoch FROM received), sequence, epoch, late_ms, gap, event) FROM carillon_events ORDER BY id`)
	require.NoError(t, err)
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		got = append(got, line)
	}
	require.NoError(t, rows.Err())
	require.Equal(t, []string{
		`00000000000000000000000000000001|m|chime:MeetingStarted|a|service|1760000000.123000|queue|1760000000.456000|1|9|1500|` +
			`chime:MeetingStarted|{"detail":{"who":"somebody"}}`,
		"00000000000000000000000000000002|k\ufffd\ufffd|x||0|0|{\"event_text\":\"no JSON \\u0000\"}",
	}, got)
}

// TestWrite_AColumnOfJSONBIsTheUsersChoice takes what jsonb takes, and what it does not goes alone to the dead letters.
func TestWrite_AColumnOfJSONBIsTheUsersChoice(t *testing.T) {
	s := newServer(t)
	s.track()
	s.exec("ALTER TABLE carillon_events ALTER event TYPE jsonb")
	sink := s.open()
	start(t, sink)
	defer closeSink(t, sink)
	bad := event(2, "b")
	bad.Body = []byte(`{"text":"\u0000"}`)
	answers := pipeline.FailedAt(sink.Write(t.Context(), []pipeline.Event{event(1, "a"), bad, event(3, "a")}), 3)
	require.NoError(t, answers[0])
	require.NoError(t, answers[2])
	class, _ := pipeline.Classify(answers[1])
	require.Equal(t, pipeline.ClassReject, class)
	require.Equal(t, "unsupported Unicode escape sequence", pipeline.Excerpt(answers[1]))
}
