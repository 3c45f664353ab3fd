package main

import (
	"fmt"

	"golang.org/x/sys/unix"

	"carillon/pipeline"
	"carillon/pipeline/config"
	"carillon/pipeline/journal"
)

// checkSpace refuses limits of streams that the disk of an embedded journal cannot hold: the journal would be full before it
// knows.
func checkSpace(c *config.Config) error {
	if c.NATS.URL != "" {
		return nil
	}
	dir := journal.Existing(c.NATS.Embedded.Dir)
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return nil //nolint:nilerr // a disk that cannot be asked is not known to be too small
	}
	size := pipeline.Size(int64(fs.Blocks) * fs.Bsize) //nolint:gosec // no disk is that large
	if total := journal.TotalBytes(c.Stream); total > size {
		return fmt.Errorf("stream.max_bytes: %s lets all streams grow to %s together, and the disk of %s has %s: set it to %s or less",
			c.Stream.MaxBytes, total, dir, size, size*6/10)
	}
	return nil
}
