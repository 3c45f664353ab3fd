// Command carillon routes Amazon Chime SDK notifications: it takes them from several AWS paths, holds each event once and in
// order for its meeting, and forwards them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// version is what carillon version prints; the linker sets it for a release: -ldflags "-X main.version=...".
var version = "dev"

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := newRoot().ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if !errors.Is(err, errReported) {
		fmt.Fprintln(os.Stderr, "carillon:", err)
	}
	return 1
}

// errReported is the error of a command that has said already what is wrong.
var errReported = errors.New("reported")
