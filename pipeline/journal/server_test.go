package journal

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
)

func TestDirectoryHasOneUser(t *testing.T) {
	s := newSetup(t)
	first := s.open(t)
	require.NoError(t, first.AppendRaw(bounded(t), raws(first, 0, 1, 1, 8)))

	_, err := Open(t.Context(), s.connect, s.stream, s.again().set)
	require.ErrorIs(t, err, ErrInUse)
	require.ErrorContains(t, err, strconv.Itoa(os.Getpid()))
	require.ErrorContains(t, err, "stop it, or set nats.embedded.dir")
	require.ErrorContains(t, err, s.connect.Embedded.Dir)

	require.NoError(t, first.Close())
	second := s.again().open(t)
	require.Equal(t, []int{1}, numbers(t, stored(t, second, PlaceRaw)))
}

func TestLockFileWithoutHolderIsNoObstacle(t *testing.T) {
	s := newSetup(t)
	path := filepath.Join(s.connect.Embedded.Dir, "carillon.lock")
	require.NoError(t, os.WriteFile(path, []byte("999999999999"), 0o600))
	s.open(t)
	pid, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(os.Getpid()), string(pid))
}

func TestListenerOnlyWhenAsked(t *testing.T) {
	quiet := open(t)
	require.Nil(t, quiet.server.srv.Addr())

	open := open(t, func(s *setup) { s.connect.Embedded.Listen = "127.0.0.1:0" })
	nc, err := nats.Connect(open.server.srv.ClientURL())
	require.NoError(t, err)
	defer nc.Close()
	require.NotContains(t, open.server.srv.ClientURL(), ":4222", "port 0 means any free one")
}

func TestListenMustBeHostAndPort(t *testing.T) {
	for _, listen := range []string{"nowhere", "127.0.0.1:http?"} {
		s := newSetup(t)
		s.connect.Embedded.Listen = listen
		_, err := Open(t.Context(), s.connect, s.stream, s.set)
		require.ErrorContains(t, err, "nats.embedded.listen")
		s.connect.Embedded.Listen = ""
		s.again().open(t) // The failed start left no lock behind.
	}
}

func TestCloseTwice(t *testing.T) {
	j := open(t)
	require.NoError(t, j.Close())
	require.NoError(t, j.Close())
}

func TestReady(t *testing.T) {
	j := open(t, maxBytes(1<<20))
	require.NoError(t, j.Ready(bounded(t)))
	for n := 0; j.AppendRaw(bounded(t), raws(j, 0, n, 1, 50_000)) == nil; n++ {
		require.Less(t, n, 100)
	}
	require.ErrorIs(t, j.Ready(bounded(t)), ErrFull)
	require.NoError(t, j.streams[j.names.raw()].Purge(bounded(t)))
	require.ErrorIs(t, j.Ready(bounded(t)), ErrFull, "the last append failed a moment ago")
	last := j.raw.last.Load()
	require.ErrorIs(t, j.raw.lastError(last.at), ErrFull)
	require.NoError(t, j.raw.lastError(last.at.Add(freshness)), "whoever was sent away must be let in again")
}
