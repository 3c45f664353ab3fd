package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"carillon/cmd/carillon/demo"
	"carillon/pipeline/telemetry"
)

func newDemo() *cobra.Command {
	o := demo.Defaults()
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch meetings arrive over three failing paths and leave once and in order",
		Long: `Demo starts a small AWS in this process (SQS, SNS that signs, EventBridge), a whole router with
a real journal in a temporary directory, and meetings whose truth is known. Their notifications go
over all three paths: late, lost, repeated, out of order. What leaves the router is compared with
the truth.

Nothing but this binary is needed, and nothing outside this machine is reached.

Exit status: 0 when nothing was lost, duplicated or misordered, 1 otherwise.`,
		Example: "  carillon demo\n  carillon demo --meetings 200 --loss 0.1 --repeat 0.3 --skew 500ms\n  carillon demo --seed 7 --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			logger := telemetry.NewLogger(telemetry.LogConfig{Level: telemetry.LevelWarn, Format: telemetry.FormatText}, os.Stderr, true)
			screen := demo.NewScreen(os.Stderr, false)
			if !asJSON {
				screen = demo.NewScreen(os.Stdout, isatty.IsTerminal(os.Stdout.Fd()))
			}
			report, err := demo.Run(cmd.Context(), o, screen, logger)
			if err != nil {
				return fmt.Errorf("running the demo: %w", err)
			}
			if asJSON {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			} else {
				err = demo.PrintScoreboard(cmd.OutOrStdout(), report)
			}
			if err == nil && !report.OK {
				return errReported
			}
			return err
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Meetings, "meetings", o.Meetings, "how many meetings there are, 1 to 5000")
	f.DurationVar(&o.For, "for", o.For, "the time within which they all happen, 2s to 10m")
	f.Float64Var(&o.Loss, "loss", o.Loss, "share of events that each path loses, 0 to 1")
	f.Float64Var(&o.Repeat, "repeat", o.Repeat, "share of notifications that each path delivers twice, 0 to 1")
	f.DurationVar(&o.Skew, "skew", o.Skew, "by how much EventBridge lags behind SQS; SNS lags by half of it, 0s to 10m")
	f.Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano())%1_000_000, "the run to make; the same seed makes the same meetings")
	f.BoolVar(&asJSON, "json", false, "print one JSON object on standard output, progress on standard error")
	return cmd
}
