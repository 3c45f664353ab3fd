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
	ctx := interruptible(context.Background(), os.Exit)
	err := newRoot().ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if !errors.Is(err, errReported) {
		fmt.Fprintln(os.Stderr, "carillon:", err)
	}
	return 1
}

// interruptible returns a context that ends with the first SIGTERM or Ctrl-C; a second one calls exit with 1, for whoever does
// not want to wait for the drain. The journal survives that as it survives a kill (I7).
func interruptible(ctx context.Context, exit func(int)) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		exit(1)
	}()
	return ctx
}

// errReported is the error of a command that has said already what is wrong.
var errReported = errors.New("reported")
