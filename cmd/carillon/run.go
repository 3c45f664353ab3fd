package main

import (
	"fmt"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"carillon/connectors"
	"carillon/pipeline/config"
	"carillon/pipeline/router"
	"carillon/pipeline/telemetry"
)

func newRun() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "run -c FILE",
		Short: "Run the router",
		Long: `Run loads a configuration, opens the journal, and routes until it is told to stop.

SIGTERM or Ctrl-C stops it: sources take nothing more, what is released goes to the sinks within
shutdown.drain, and everything else stays in the journal for the next start. A second one ends it
at once, with status 1. That, or killing it at any moment, loses nothing either; sinks may then see
some events again, with the same id.

Metrics, health and readiness are on the admin listener (127.0.0.1:9464 unless admin.listen says
otherwise): /metrics, /healthz, /readyz, and with admin.token what the commands sinks, dead, replay and
quarantine ask for. The log goes to standard error.`,
		Example: "  carillon run -c configs/quickstart.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			factories := connectors.All(connectors.Options{})
			c, err := config.Load(file, factories, os.Environ())
			if err != nil {
				return err
			}
			setup, err := c.Setup(factories)
			if err != nil {
				return fmt.Errorf("reading %s: %w", file, err)
			}
			logger := telemetry.NewLogger(c.Log, os.Stderr, isatty.IsTerminal(os.Stderr.Fd()))
			r := router.New(setup, router.Settings{Logger: logger, Registry: telemetry.NewRegistry(version), Clock: time.Now})
			return r.Run(cmd.Context(), nil)
		},
	}
	cmd.Flags().StringVarP(&file, configFlag, "c", "", "the configuration, a YAML file")
	_ = cmd.MarkFlagRequired(configFlag)
	_ = cmd.MarkFlagFilename(configFlag, "yaml", "yml")
	return cmd
}
