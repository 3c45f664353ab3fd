//go:build integration

package main_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDiskFails lets the kernel answer every fsync of a running router with an I/O error for a while. The journal takes nothing
// more after the first one, also when the disk is well again: every path is pushed back, /readyz and the log say what to do,
// and after a restart nothing that was acknowledged is lost and everything that was refused goes through.
//
//testing:invariants I1 I6 I7
func TestDiskFails(t *testing.T) {
	t.Parallel()
	r, n, tp := fullRig(t, rigOptions{})
	everyPath(t, r, three("before"), tp)
	n.await(t, soon, "events at the sink", func() bool { return r.receiver.count() == 3 })
	r.settle(t, n.process)

	heal := strace(t, n.process, "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO")
	everyPath(t, r, three("during"), tp)
	pushedBack(t, r, n, tp)
	require.Contains(t, heal(), "= -1 EIO (Input/output error) (INJECTED)")
	advice := regexp.MustCompile(`input/output error: check the disk of .*, then restart carillon`)
	n.await(t, soon, "not ready, and what to do", func() bool { return advice.MatchString(problem(t, n)) })
	require.Regexp(t, advice, n.logged(t))
	refused := tp.refused("/eventbridge")
	n.await(t, soon, "another refusal", func() bool { return tp.refused("/eventbridge") > refused })
	require.Equal(t, http.StatusServiceUnavailable, n.status("/readyz"), "the disk is well again, and the store is not")
	require.Equal(t, 3, r.receiver.count())

	require.NoError(t, n.stop(t))
	r.launch(t, n)
	n.await(t, soon, "all events at the sink", func() bool { return r.receiver.count() >= 6 })
	r.settle(t, n.process)
	require.NoError(t, n.stop(t))
	r.requireOnce(t, 6)
}
