//go:build integration

package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
	"carillon/connectors/postgres"
	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// server is a database of its own for a test, behind a proxy, on the server that CARILLON_TEST_POSTGRES names, such as
// postgres://postgres@127.0.0.1:5432/postgres.
type server struct {
	t      *testing.T
	direct string
	pool   *pgxpool.Pool
	proxy  *connectortest.Proxy
	table  string

	mu      sync.Mutex
	refused func(chime.Identity) bool
}

func newServer(t *testing.T) *server {
	t.Helper()
	address := os.Getenv("CARILLON_TEST_POSTGRES")
	require.NotEmpty(t, address, "CARILLON_TEST_POSTGRES must be the URL of a running PostgreSQL whose user may make databases")
	u, err := url.Parse(address)
	require.NoError(t, err)
	admin, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	defer func() { require.NoError(t, admin.Close(t.Context())) }()
	u.Path = fmt.Sprintf("/carillon_%d", time.Now().UnixNano())
	name := strings.TrimPrefix(u.Path, "/")
	_, err = admin.Exec(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err)
	s := &server{t: t, direct: u.String(), proxy: connectortest.NewProxy(t, u.Host), table: "carillon_events"}
	s.pool, err = pgxpool.New(t.Context(), s.direct)
	require.NoError(t, err)
	t.Cleanup(func() {
		s.pool.Close()
		ctx := context.WithoutCancel(t.Context())
		admin, err := pgx.Connect(ctx, address)
		require.NoError(t, err)
		_, err = admin.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		require.NoError(t, err)
		require.NoError(t, admin.Close(ctx))
	})
	return s
}

// url returns the address of the proxy, with a password that the server does not ask for.
func (s *server) url() string {
	u, err := url.Parse(s.direct)
	require.NoError(s.t, err)
	u.Host = s.proxy.Addr()
	u.User = url.UserPassword(u.User.Username(), secret)
	u.RawQuery = "sslmode=disable"
	return u.String()
}

func (s *server) open(changes ...func(*postgres.Config)) pipeline.Sink {
	s.t.Helper()
	return open(s.t, s.url(), changes...)
}

// track makes the table and adds what a user may add: a column that numbers the rows as they come, and a trigger that
// refuses.
func (s *server) track(changes ...func(*postgres.Config)) {
	s.t.Helper()
	sink := s.open(changes...)
	start(s.t, sink)
	closeSink(s.t, sink)
	s.exec("ALTER TABLE " + s.table + " ADD taken bigint GENERATED ALWAYS AS IDENTITY")
	s.exec("CREATE TABLE refused (id text PRIMARY KEY)")
	s.exec(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF EXISTS (SELECT FROM refused WHERE id = NEW.id) THEN RAISE EXCEPTION 'not this one: %', NEW.event; END IF;
		RETURN NEW;
	END $$`)
	s.exec("CREATE TRIGGER refuse BEFORE INSERT ON " + s.table + " FOR EACH ROW EXECUTE FUNCTION refuse()")
}

func (s *server) refuse(refused func(chime.Identity) bool) {
	s.t.Helper()
	s.exec("TRUNCATE refused")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = refused
}

// forewarned tells the trigger which of the events that come it shall refuse: it has no way to ask.
type forewarned struct {
	pipeline.Sink
	pipeline.Starter
	pipeline.Batcher

	server *server
}

func (s *server) forewarn(sink pipeline.Sink) pipeline.Sink {
	s.t.Helper()
	starter, ok := sink.(pipeline.Starter)
	require.True(s.t, ok)
	batcher, ok := sink.(pipeline.Batcher)
	require.True(s.t, ok)
	return &forewarned{sink, starter, batcher, s}
}

func (f *forewarned) Write(ctx context.Context, events []pipeline.Event) error {
	f.server.mu.Lock()
	refused := f.server.refused
	f.server.mu.Unlock()
	for i := range events {
		if refused != nil && refused(events[i].ID) {
			_, err := f.server.pool.Exec(context.WithoutCancel(ctx), "INSERT INTO refused VALUES ($1) ON CONFLICT DO NOTHING", events[i].ID.String())
			if err != nil {
				return err
			}
		}
	}
	return f.Sink.Write(ctx, events)
}

func (s *server) exec(sql string, args ...any) {
	s.t.Helper()
	_, err := s.pool.Exec(s.t.Context(), sql, args...)
	require.NoError(s.t, err)
}

func (s *server) accepted() []chime.Identity {
	s.t.Helper()
	found, err := s.pool.Query(s.t.Context(), "SELECT id FROM "+s.table+" ORDER BY taken")
	require.NoError(s.t, err)
	ids, err := pgx.CollectRows(found, pgx.RowTo[string])
	require.NoError(s.t, err)
	out := make([]chime.Identity, len(ids))
	for i, id := range ids {
		out[i], err = chime.ParseIdentity(id)
		require.NoError(s.t, err)
	}
	return out
}

// stall locks the table.
func (s *server) stall() connectortest.Stalled {
	s.t.Helper()
	tx, err := s.pool.Begin(s.t.Context())
	require.NoError(s.t, err)
	_, err = tx.Exec(s.t.Context(), "LOCK TABLE "+s.table+" IN ACCESS EXCLUSIVE MODE")
	require.NoError(s.t, err)
	entered, resumed := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { s.watch(entered, resumed) })
	return connectortest.Stalled{Entered: entered, Resume: sync.OnceFunc(func() {
		close(resumed)
		wg.Wait()
		_ = tx.Rollback(context.WithoutCancel(s.t.Context())) // the lock is all that it holds
	})}
}

// watch closes entered when somebody waits for the table.
func (s *server) watch(entered, resumed chan struct{}) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var waiting bool
		err := s.pool.QueryRow(context.Background(),
			"SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = $1::regclass)", s.table).Scan(&waiting)
		if err == nil && waiting {
			close(entered)
			return
		}
		select {
		case <-tick.C:
		case <-resumed:
			return
		}
	}
}

// restart kills the server as a crash would, and returns when it serves again.
func (s *server) restart() {
	s.t.Helper()
	command := os.Getenv("CARILLON_TEST_POSTGRES_RESTART")
	require.NotEmpty(s.t, command, "CARILLON_TEST_POSTGRES_RESTART must be a command that restarts the server")
	out, err := exec.CommandContext(s.t.Context(), command).CombinedOutput()
	require.NoError(s.t, err, string(out))
}
