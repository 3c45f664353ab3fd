//go:build unix

package stdout

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"carillon/connectors/lines"
)

// openStdout returns a second descriptor of standard output. A write to a broken pipe at descriptor 1 itself would end the
// whole process by SIGPIPE; at any other descriptor it is an error like others.
func openStdout() (lines.Handle, bool, error) {
	raw, err := os.Stdout.SyscallConn()
	if err != nil {
		return nil, false, fmt.Errorf("opening standard output: %w", err)
	}
	var fd int
	var dupErr error
	err = raw.Control(func(stdout uintptr) {
		fd, dupErr = unix.FcntlInt(stdout, unix.F_DUPFD_CLOEXEC, 3) // 0, 1 and 2 are the standard ones
	})
	if err != nil {
		return nil, false, fmt.Errorf("opening standard output: %w", err)
	}
	if dupErr != nil {
		return nil, false, fmt.Errorf("opening standard output again: %w", dupErr)
	}
	f := os.NewFile(uintptr(fd), "stdout")
	return lines.Stream{Writer: f, Free: f.Close}, false, nil
}
