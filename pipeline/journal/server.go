package journal

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/sys/unix"
)

const (
	// maxPayload of the embedded server leaves room around the largest body that a receiver accepts (2 MiB).
	maxPayload = 8 << 20
	// startLimit bounds the start of the embedded server: a journal of a million events needs under 4 s.
	startLimit = 2 * time.Minute
	// haltLimit bounds its end: a sound one needs well under a second.
	haltLimit = 15 * time.Second
)

// embedded is a NATS server in this process together with the lock on its directory. The lock is held while the server is
// replaced by another one.
type embedded struct {
	config EmbeddedConfig
	lock   *os.File
	disk   *disk
	blocks sync.Map              // of *Blocks by stream
	failed atomic.Pointer[error] // why the store takes nothing more, at the last look
	opened time.Time             // when keepStore opened the store last; it alone reads this
	mu     sync.RWMutex
	srv    *server.Server // nil while there is none
	down   error          // why there is none
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
	e := &embedded{config: c, srv: srv, lock: lock, disk: newDisk(c.Dir)}
	if err := e.syncAll(); err != nil {
		return nil, errors.Join(err, e.stop())
	}
	return e, nil
}

// current returns the server that runs now, or why there is none.
func (e *embedded) current() (*server.Server, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.srv, e.down
}

// InProcessConn lets a client connect to the server that runs now, so that it finds the next one by itself.
func (e *embedded) InProcessConn() (net.Conn, error) {
	srv, err := e.current()
	if err != nil {
		return nil, err
	}
	return srv.InProcessConn()
}

// restart replaces the server by one that reads the directory anew. Clients and stages see an outage, as they would see one of
// a server elsewhere. After an error there is no server; it may be called again.
func (e *embedded) restart() error {
	if err := e.halt(); err != nil {
		return err
	}
	e.blocks.Clear()
	srv, err := startServer(e.config)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.srv, e.down = srv, err
	return err
}

// halt ends the server and waits for it, but not for ever: one whose store hangs never ends.
func (e *embedded) halt() error {
	srv, err := e.current()
	if err != nil {
		return nil //nolint:nilerr // there is none to end
	}
	done := make(chan struct{})
	go func() {
		srv.Shutdown()
		srv.WaitForShutdown()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-time.After(haltLimit):
		return fmt.Errorf("%w: the embedded server is still running after %s: restart carillon; what was acknowledged is on disk", ErrStore, haltLimit)
	}
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
	told := &fatal{}
	srv.SetLoggerV2(told, false, false, false)
	srv.Start()
	if told.text != "" { // It says so and returns: waiting for it would be in vain.
		srv.Shutdown()
		return nil, fmt.Errorf("starting embedded server: %s: look at %s", told.text, c.Dir)
	}
	if !srv.ReadyForConnections(startLimit) {
		srv.Shutdown()
		return nil, fmt.Errorf("starting embedded server: not ready after %s; is the disk of %s readable?", startLimit, c.Dir)
	}
	return srv, nil
}

// stop ends the server, waits for it, and frees the directory. It is safe to call more than once.
func (e *embedded) stop() error {
	halted := e.halt()
	if err := e.lock.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return errors.Join(halted, fmt.Errorf("releasing data directory: %w", err))
	}
	return halted
}

// fatal is a log of the server that keeps why it could not start. Start calls it before it returns.
type fatal struct {
	server.Logger
	text string
}

// Fatalf is the server's word for giving up; whoever logs for a server of its own would end the process.
func (f *fatal) Fatalf(format string, args ...any) { f.text = fmt.Sprintf(format, args...) }

// Noticef drops what is of no use to an operator.
func (f *fatal) Noticef(string, ...any) {}

// Warnf drops what is of no use to an operator.
func (f *fatal) Warnf(string, ...any) {}

// Errorf drops what is of no use to an operator.
func (f *fatal) Errorf(string, ...any) {}

// Debugf drops what is of no use to an operator.
func (f *fatal) Debugf(string, ...any) {}

// Tracef drops what is of no use to an operator.
func (f *fatal) Tracef(string, ...any) {}
