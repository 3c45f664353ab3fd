//go:build !unix

package file

import "os"

// openStdout returns standard output; there is no SIGPIPE to keep away from.
func openStdout() (handle, bool, error) {
	return stream{Writer: os.Stdout, close: func() error { return nil }}, false, nil
}
