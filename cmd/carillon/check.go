package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"carillon/connectors"
	"carillon/pipeline/config"
)

const configFlag = "config"

func newCheck() *cobra.Command {
	var file string
	var asJSON, show bool
	cmd := &cobra.Command{
		Use:   "check -c FILE",
		Short: "Check a configuration and report every problem in it",
		Long: `Check loads a configuration as run would, and reports every problem at once: each with
file:line:column, the key path, what is wrong and the nearest right name. It reaches no other
system. Environment variables such as CARILLON_STREAM__PARTITIONS=16 count, as they do for run.

Exit status: 0 when run would accept the configuration, 1 otherwise.`,
		Example: "  carillon check -c configs/router.yaml\n  carillon check -c carillon.yaml --print",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, connectors.All(connectors.Options{}), os.Environ())
			if err == nil {
				err = checkSpace(c)
			}
			switch {
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
