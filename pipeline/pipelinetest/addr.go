package pipelinetest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	// lowPort and highPort delimit the ports of FreeAddr.
	lowPort, highPort = 20_000, 32_000
)

// FreeAddr returns a loopback address that nobody listens on right now. Its port is below those that the system gives to outgoing
// connections, so that none of these takes it before the test does, or between two lives of a server.
func FreeAddr(tb testing.TB) string {
	tb.Helper()
	for range 1000 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(lowPort+rand.IntN(highPort-lowPort))) //nolint:gosec // chance, no secret
		if l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", addr); err == nil {
			require.NoError(tb, l.Close())
			return addr
		}
	}
	require.Fail(tb, "no port is free")
	return ""
}
