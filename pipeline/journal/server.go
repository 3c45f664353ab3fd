package journal

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/sys/unix"
)

const (
	// maxPayload of the embedded server leaves room around the largest body that a receiver accepts (2 MiB).
	maxPayload = 8 << 20
	// startLimit bounds the start of the embedded server: a journal of a million events needs under 4 s.
	startLimit = 2 * time.Minute
)

// embedded is a NATS server in this process together with the lock on its directory.
type embedded struct {
	srv  *server.Server
	lock *os.File
}

// startEmbedded locks the directory and starts the server. JetStream opens a directory that another server uses without a
// word, so the lock comes first.
func startEmbedded(c EmbeddedConfig) (*embedded, error) {
	if err := os.MkdirAll(c.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("creating data directory: %w", err)
	}
	lock, err := lockDir(c.Dir)
	if err != nil {
		return nil, err
	}
	srv, err := startServer(c)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &embedded{srv: srv, lock: lock}, nil
}

// lockDir takes an exclusive lock that the kernel drops with the process, however it ends.
func lockDir(dir string) (*os.File, error) {
	path := filepath.Join(dir, "carillon.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o640) //nolint:gosec // the user's own data directory
	if err != nil {
		return nil, fmt.Errorf("opening lock file: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err != nil && !errors.Is(err, unix.EWOULDBLOCK) {
		return nil, errors.Join(fmt.Errorf("locking %s: %w: does its file system know locks?", dir, err), f.Close())
	}
	if err != nil {
		holder := make([]byte, 16)
		n, _ := f.Read(holder)
		err = fmt.Errorf("locking %s: %w (process %s): stop it, or set nats.embedded.dir to another directory", dir, ErrInUse, holder[:n])
		return nil, errors.Join(err, f.Close())
	}
	if err := f.Truncate(0); err == nil {
		_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	}
	return f, nil
}

func startServer(c EmbeddedConfig) (*server.Server, error) {
	opts := &server.Options{
		ServerName:         "carillon",
		JetStream:          true,
		StoreDir:           c.Dir,
		SyncAlways:         c.Sync == SyncAlways,
		DontListen:         c.Listen == "",
		MaxPayload:         maxPayload,
		JetStreamMaxMemory: 64 << 20,
		// The streams carry the limits; what the disk can hold is checked against their sum, not by the server.
		JetStreamMaxStore: 1 << 50,
		NoLog:             true,
		NoSigs:            true,
	}
	if c.Listen != "" {
		host, port, err := net.SplitHostPort(c.Listen)
		if err != nil {
			return nil, fmt.Errorf("reading nats.embedded.listen: %w", err)
		}
		opts.Host = host
		if opts.Port, err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("reading nats.embedded.listen: %w", err)
		}
		if opts.Port == 0 {
			opts.Port = server.RANDOM_PORT // 0 would mean 4222.
		}
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("starting embedded server: %w", err)
	}
	srv.Start()
	if !srv.ReadyForConnections(startLimit) {
		srv.Shutdown()
		return nil, fmt.Errorf("starting embedded server: not ready after %s; is the disk of %s readable?", startLimit, c.Dir)
	}
	return srv, nil
}

// stop ends the server, waits for it, and frees the directory. It is safe to call more than once.
func (e *embedded) stop() error {
	e.srv.Shutdown()
	e.srv.WaitForShutdown()
	if err := e.lock.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("releasing data directory: %w", err)
	}
	return nil
}
