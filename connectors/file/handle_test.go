package file

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRegular_CutsOnlyItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.ndjson")
	h, torn, err := new(rotation).openPath(path, true)
	require.NoError(t, err)
	require.False(t, torn)
	_, err = h.Write([]byte("one\ntwo"))
	require.NoError(t, err)
	require.NoError(t, h.Cut(3))
	require.NoError(t, h.Sync())
	require.Equal(t, "one\n", read(t, path))

	_, err = h.Write([]byte("two\nthr"))
	require.NoError(t, err)
	require.Equal(t, "one\ntwo\nthr", read(t, path))
	other, _, err := new(rotation).openPath(path, false)
	require.NoError(t, err)
	_, err = other.Write([]byte("other\n"))
	require.NoError(t, err)
	require.ErrorContains(t, h.Cut(3), "something else was appended")
	require.Equal(t, "one\ntwo\nthrother\n", read(t, path))
	require.NoError(t, other.Close())
	require.NoError(t, h.Close())
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}
