package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sys/unix"

	"carillon/pipeline"
)

// Check looks at where a journal would be, and makes nothing there: the folder of an embedded one, or the cluster. It returns what
// it found, in a few words, or an error that says what is missing. A journal that is open elsewhere is found all the same.
func Check(ctx context.Context, c ConnectConfig, s StreamConfig) (string, error) {
	if c.URL == "" {
		return checkFolder(c.Embedded.Dir, s)
	}
	return checkCluster(ctx, c, s)
}

// checkFolder makes a file and removes it: permissions alone do not tell of a disk that is full or read-only.
func checkFolder(dir string, s StreamConfig) (string, error) {
	there := Existing(dir)
	f, err := os.CreateTemp(there, ".carillon-check-*")
	if err != nil {
		return "", fmt.Errorf("making a file in %s: %w: let the user of this process write there, or set nats.embedded.dir", there, err)
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return "", fmt.Errorf("removing a file in %s: %w", there, err)
	}
	found := dir
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		found += " comes with the start"
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(there, &disk); err != nil {
		return found + ", writable", nil //nolint:nilerr // a disk that cannot be asked is not known to be too small
	}
	free := int64(disk.Bavail) * disk.Bsize //nolint:gosec // no disk is that large
	left := max(TotalBytes(s)-used(dir), 0)
	if pipeline.Size(free) < left {
		return "", fmt.Errorf("%s has %s free, and the streams may grow by %s: make room, or set stream.max_bytes lower", there, rounded(free),
			rounded(int64(left)))
	}
	return fmt.Sprintf("%s, writable, %s free", found, rounded(free)), nil
}

// used returns what a journal takes by now.
func used(dir string) pipeline.Size {
	var sum pipeline.Size
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error { // what cannot be read, or is gone, is not counted
		if err != nil {
			return nil //nolint:nilerr // see above
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			sum += pipeline.Size(info.Size())
		}
		return nil
	})
	return sum
}

// rounded returns a size with two digits or more.
func rounded(n int64) string {
	for _, unit := range []pipeline.Size{pipeline.TiB, pipeline.GiB, pipeline.MiB, pipeline.KiB} {
		if pipeline.Size(n) >= 10*unit {
			return (pipeline.Size(n) / unit * unit).String()
		}
	}
	return pipeline.Size(n).String()
}

// Existing returns dir, or the nearest folder above it that exists.
func Existing(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "."
	}
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

func checkCluster(ctx context.Context, c ConnectConfig, s StreamConfig) (string, error) {
	opts := []nats.Option{nats.Name("carillon check"), nats.NoReconnect(), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})}
	if c.Creds != "" {
		opts = append(opts, nats.UserCredentials(c.Creds))
	}
	conn, err := nats.Connect(c.URL, opts...)
	if err != nil {
		return "", fmt.Errorf("connecting to NATS: %w (check nats.url and nats.creds)", err)
	}
	defer conn.Close()
	if err := checkServer(conn); err != nil {
		return "", err
	}
	js, err := jetstream.New(conn)
	if err != nil {
		return "", fmt.Errorf("opening JetStream: %w", err)
	}
	if _, err := js.AccountInfo(ctx); err != nil {
		return "", fmt.Errorf("asking JetStream: %w (check that it is enabled for the account of nats.creds)", err)
	}
	found := fmt.Sprintf("NATS %s at %s", conn.ConnectedServerVersion(), conn.ConnectedAddr())
	_, err = js.Stream(ctx, names{prefix: s.Prefix}.events())
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return found + ", streams come with the start", nil
	case err != nil:
		return "", fmt.Errorf("asking for stream %s: %w", names{prefix: s.Prefix}.events(), err)
	}
	return found + ", streams are there", nil
}
