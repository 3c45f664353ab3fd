package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"carillon/connectors"
	"carillon/pipeline/config"
)

const configFlag = "config"

func newCheck() *cobra.Command {
	var file string
	var asJSON, show, connect bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "check -c FILE",
		Short: "Check a configuration and report every problem in it",
		Long: `Check loads a configuration as run would, and reports every problem at once: each with
file:line:column, the key path, what is wrong and the nearest right name. Environment variables such
as CARILLON_STREAM__PARTITIONS=16 count, as they do for run.

It reaches no other system unless --connect is given. Then it also looks, at everything at the same
time and without changing anything, whether the router would reach what the configuration names:

  nats      the data directory is writable and its disk has room for what the streams may take; or the
            cluster is reached, new enough, and has JetStream
  http.tls  the certificate can be read and has not ended
  sources   the queue exists and may be read; the keys of an issuer are there
  sinks     the receiver takes connections (nothing is posted); the queue, topic, bus or stream exists;
            the tables exist and fit, or may be made; the file can be written

Whether policies let notifications in is what "carillon aws doctor" looks at.

Exit status: 0 when run would accept the configuration and, with --connect, all is reached, 1 otherwise.`,
		Example: "  carillon check -c configs/router.yaml\n  carillon check -c carillon.yaml --print\n  carillon check -c carillon.yaml --connect",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			factories := connectors.All(connectors.Options{})
			c, err := config.Load(file, factories, os.Environ())
			if err == nil {
				err = checkSpace(c)
			}
			switch {
			case err == nil && connect:
				return checkConnect(cmd, file, c, factories, timeout, asJSON)
			case asJSON:
				return reportJSON(cmd, err)
			case err != nil:
				return err
			case show:
				_, err = cmd.OutOrStdout().Write(c.Effective())
			default:
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: ok: %d sources, %d sinks\n", file, len(c.Sources), len(c.Sinks))
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&file, configFlag, "c", "", "the configuration, a YAML file")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the problems as one JSON object")
	cmd.Flags().BoolVar(&show, "print", false, "print the effective configuration, secrets redacted")
	cmd.Flags().BoolVar(&connect, "connect", false, "look whether the router would reach what the configuration names")
	cmd.Flags().DurationVar(&timeout, "timeout", 10*time.Second, "with --connect: how long to wait for each component")
	cmd.MarkFlagsMutuallyExclusive("connect", "print")
	_ = cmd.MarkFlagRequired(configFlag)
	_ = cmd.MarkFlagFilename(configFlag, "yaml", "yml")
	return cmd
}

// reportJSON prints {"ok": ..., "problems": [...]}.
func reportJSON(cmd *cobra.Command, err error) error {
	problems := config.Errors{}
	if list, ok := errors.AsType[config.Errors](err); ok {
		problems = list
	} else if err != nil {
		problems = config.Errors{{Message: err.Error()}}
	}
	answer := struct {
		OK       bool          `json:"ok"`
		Problems config.Errors `json:"problems"`
	}{OK: err == nil, Problems: problems}
	if encodeErr := json.NewEncoder(cmd.OutOrStdout()).Encode(answer); encodeErr != nil {
		return encodeErr
	}
	if err != nil {
		return errReported
	}
	return nil
}
