package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"carillon/cmd/carillon/reach"
	"carillon/pipeline"
	"carillon/pipeline/config"
)

// checkConnect reaches for what a configuration names that is right by itself.
func checkConnect(
	cmd *cobra.Command, file string, c *config.Config, factories pipeline.Factories, timeout time.Duration, asJSON bool,
) error {
	setup, err := c.Setup(factories)
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	targets := reach.Targets(c, &setup)
	if asJSON {
		return connectJSON(cmd, reach.All(cmd.Context(), targets, timeout, func(reach.Result) {}, nil))
	}
	var screen io.Writer
	if isatty.IsTerminal(os.Stderr.Fd()) {
		screen = cmd.ErrOrStderr()
	}
	out := cmd.OutOrStdout()
	if _, err := fmt.Fprintf(out, "%s: ok: %d sources, %d sinks\n", file, len(c.Sources), len(c.Sinks)); err != nil {
		return err
	}
	p := reach.NewPrinter(out, screen, targets)
	results := reach.All(cmd.Context(), targets, timeout, p.Result, p.Waiting)
	if wrong := wrongOf(results); wrong > 0 {
		_, _ = fmt.Fprintf(out, "%d of %d wrong\n", wrong, len(results))
		return errReported
	}
	return nil
}

func wrongOf(results []reach.Result) int {
	wrong := 0
	for _, r := range results {
		if !r.OK {
			wrong++
		}
	}
	return wrong
}

// connectJSON prints what reportJSON does, and the components.
func connectJSON(cmd *cobra.Command, results []reach.Result) error {
	answer := struct {
		OK         bool           `json:"ok"`
		Problems   config.Errors  `json:"problems"`
		Components []reach.Result `json:"components"`
	}{wrongOf(results) == 0, config.Errors{}, results}
	if err := json.NewEncoder(cmd.OutOrStdout()).Encode(answer); err != nil {
		return err
	}
	if !answer.OK {
		return errReported
	}
	return nil
}
