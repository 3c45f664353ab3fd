//go:build !unix

package stdout

import (
	"os"

	"carillon/connectors/lines"
)

// openStdout returns standard output; there is no SIGPIPE to keep away from.
func openStdout() (lines.Handle, bool, error) {
	return lines.Stream{Writer: os.Stdout}, false, nil
}
