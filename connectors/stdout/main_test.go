package stdout_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"carillon/connectors/stdout"
	"carillon/pipeline"
)

// childVariable makes the test binary a process whose standard output nobody reads.
const childVariable = "CARILLON_TEST_STDOUT_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		writeToNobody()
		return
	}
	goleak.VerifyTestMain(m)
}

// writeToNobody writes to standard output and says on standard error what came of it.
func writeToNobody() {
	cfg := stdout.DefaultConfig()
	sink, err := stdout.Factory().New(&cfg, settings())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	class, _ := pipeline.Classify(sink.Write(context.Background(), []pipeline.Event{event(1)}))
	fmt.Fprintln(os.Stderr, "class", class, "close", sink.Close(context.Background()))
}

func TestWrite_ABrokenStdoutIsFatalAndNoSignal(t *testing.T) {
	read, write, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, read.Close())
	var said bytes.Buffer
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), childVariable+"=1")
	child.Stdout, child.Stderr = write, &said
	err = child.Run()
	require.NoError(t, write.Close())
	require.NoError(t, err, "%s", said.String())
	require.Equal(t, "class fatal close <nil>\n", said.String())
}

func TestWrite_StdoutIsTheProcessesOwn(t *testing.T) {
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), childVariable+"=1")
	out, err := child.Output()
	require.NoError(t, err)
	require.Len(t, identities(t, out), 1)
}
