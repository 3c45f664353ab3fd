package main

import (
	"time"

	"github.com/spf13/cobra"

	"carillon/pipeline/admin"
)

func newReplay() *cobra.Command {
	o := &operator{}
	job := admin.ReplayJob{}
	cmd := &cobra.Command{
		Use:   "replay --sink S --from T [--to T] [--meeting M]",
		Short: "Send history to a sink again",
		Long: `Replay sends events again that the sink has had before, such as after its database was restored. They are
marked (Carillon-Replay: true, or "replay": true in JSON), keep the order of their meeting, and go between
the new ones. --from and --to are about when an event was stored in the journal, which is about when it was
sent. What the sink does not want is left out, and so is what it has still to get, and what is a dead letter:
that is for "carillon dead redrive".

An event that is refused for now is tried again for a minute; then its meeting is left out from there on.
Replaying is not remembered: doing it again sends the events again.

Exit status: 0 when all were accepted, 1 otherwise.` + reaching,
		Example: "  carillon replay --sink attendance --from 3h --to 2h --dry-run -c carillon.yaml\n" +
			"  carillon replay --sink attendance --from 2026-01-05T10:00:00Z --meeting 3f0c9a52 -c carillon.yaml",
		Args: cobra.NoArgs,
	}
	o.flags(cmd)
	cmd.Flags().StringVar(&job.Sink, "sink", "", "the sink")
	cmd.Flags().StringVar(&job.Meeting, "meeting", "", "only this meeting")
	cmd.Flags().BoolVar(&job.DryRun, "dry-run", false, "only count the events")
	span := spanFlags(cmd, "was stored")
	_ = cmd.MarkFlagRequired("sink")
	_ = cmd.MarkFlagRequired("from")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var err error
		if job.From, job.To, err = span(); err != nil {
			return err
		}
		if job.To == "" {
			job.To = time.Now().UTC().Format(time.RFC3339Nano)
		}
		return o.work(cmd, "replay", job)
	}
	return cmd
}
