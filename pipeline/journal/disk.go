package journal

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"carillon/pipeline"
)

const (
	// diskEvery is how long one look at the disk holds: an answer costs a microsecond, and a disk loses little in this time.
	diskEvery = 20 * time.Millisecond
	// diskFiles is how many files the journal leaves free: JetStream makes one for each block and for each state it saves.
	diskFiles = 64
	// vitalShare is the part of the reserve that is left when even fences and purges wait. With a disk of some GiB it is 16 MiB:
	// two of the largest blocks, which a purge may have to write anew before it frees any.
	vitalShare = 4
)

// need is what a write is for.
type need int

const (
	// needAppend is a notification or an event: it waits when the reserve of the disk is touched.
	needAppend need = iota
	// needVital is what frees space or lets delivery go on, such as fences and purges.
	needVital
)

// disk is the file system that an embedded journal is on. JetStream does not survive a write that finds no space: the stream
// takes nothing more until the server is started anew, and a purge that meets it never ends (nats-server 2.15.2: compact holds
// the lock that it waits for). So the journal stops before that, and leaves the rest of the disk to what JetStream writes on its
// own: states of consumers and streams, and the blocks that a purge rewrites. It is safe for concurrent use.
type disk struct {
	dir   string
	stat  func(dir string, st *unix.Statfs_t) error // unix.Statfs outside tests
	mu    sync.Mutex
	asked time.Time
	st    unix.Statfs_t
}

func newDisk(dir string) *disk { return &disk{dir: dir, stat: unix.Statfs} }

// room returns nil when there is enough space for a write, otherwise an ErrFull that says what to do. A file system that cannot
// be asked is not known to be full: the store itself will tell.
func (d *disk) room(now time.Time, n need) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Sub(d.asked) >= diskEvery {
		d.asked = now
		if err := d.stat(d.dir, &d.st); err != nil {
			d.st = unix.Statfs_t{}
		}
	}
	block := toUnsigned(d.st.Bsize)
	keep := reserve(d.st.Blocks * block)
	if n == needVital {
		keep /= vitalShare
	}
	if d.st.Bavail*block < keep {
		return fmt.Errorf("%w: the disk of %s has less than %s left: free some, and the journal goes on by itself",
			ErrFull, d.dir, pipeline.Size(keep>>10)*pipeline.KiB)
	}
	if d.st.Files > 0 && d.st.Ffree < diskFiles { // File systems without a table of files say 0.
		return fmt.Errorf("%w: the disk of %s takes less than %d more files: remove some, and the journal goes on by itself", ErrFull, d.dir, diskFiles)
	}
	return nil
}
