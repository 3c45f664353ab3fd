package main

import (
	"github.com/spf13/cobra"

	"carillon/cmd/carillon/operate"
	"carillon/pipeline/admin"
)

func newQuarantine() *cobra.Command {
	o := &operator{}
	return group("quarantine", "List, show, retry and drop notifications that could not be read",
		`What no source could read is kept whole, with the reason:

  carillon quarantine ls -c FILE                what there is, and why
  carillon quarantine show 3 -c FILE            one of them with its body
  carillon quarantine retry --all -c FILE       read them again, after an upgrade
  carillon quarantine drop 3 -c FILE            throw one away`,
		o, newQuarantineList(o), newQuarantineShow(o),
		newQuarantineJob(o, "retry", "Read notifications again",
			`Retry reads notifications again, as if they came in now from the source that brought them. What can be read
goes into the stream, and leaves quarantine; copies of events that are there already are recognised. What
still cannot be read stays.`),
		newQuarantineJob(o, "drop", "Throw notifications away", `Drop removes notifications for good: nothing else has them.`))
}

// quarantineFilter adds the flags that choose records; read returns them.
func quarantineFilter(cmd *cobra.Command) (read func(places []string) (admin.QuarantineFilter, error)) {
	f := admin.QuarantineFilter{}
	cmd.Flags().StringVar(&f.Source, "source", "", "only those of this source")
	cmd.Flags().StringVar(&f.Reason, "reason", "", "only those with this in their reason")
	span := spanFlags(cmd, "was received")
	return func(places []string) (admin.QuarantineFilter, error) {
		var err error
		if f.From, f.To, err = span(); err != nil {
			return f, err
		}
		f.Places, err = readPlaces(places)
		return f, err
	}
}

func newQuarantineList(o *operator) *cobra.Command {
	var limit int
	var after uint64
	cmd := &cobra.Command{Use: "ls", Aliases: []string{"list"}, Short: "List notifications that could not be read", Args: cobra.NoArgs}
	filter := quarantineFilter(cmd)
	cmd.Flags().IntVar(&limit, "limit", usualPage, "how many at most, up to 1000")
	cmd.Flags().Uint64Var(&after, "after", 0, "only those behind this place")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		f, err := filter(nil)
		if err != nil {
			return err
		}
		c, err := o.client(cmd)
		if err != nil {
			return err
		}
		page, err := c.Quarantine(cmd.Context(), f, limit, after)
		switch {
		case err != nil:
			return err
		case o.json:
			return operate.JSON(cmd.OutOrStdout(), page)
		}
		return operate.Quarantine(cmd.OutOrStdout(), page)
	}
	return cmd
}

func newQuarantineShow(o *operator) *cobra.Command {
	return &cobra.Command{
		Use: "show PLACE", Short: "Show a notification with its body", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			places, err := readPlaces(args)
			if err != nil {
				return err
			}
			c, err := o.client(cmd)
			if err != nil {
				return err
			}
			q, err := c.QuarantineAt(cmd.Context(), places[0])
			switch {
			case err != nil:
				return err
			case o.json:
				return operate.JSON(cmd.OutOrStdout(), q)
			}
			return operate.Quarantined(cmd.OutOrStdout(), &q)
		},
	}
}

func newQuarantineJob(o *operator, what, short, long string) *cobra.Command {
	job := admin.QuarantineJob{}
	cmd := &cobra.Command{
		Use: what + " [PLACE...]", Short: short,
		Long: long + `

Places and flags choose together: what is named must match all of them. Without any it takes --all.

Exit status: 0 when all of them are done, 1 otherwise.`,
	}
	filter := quarantineFilter(cmd)
	cmd.Flags().BoolVar(&job.All, "all", false, "all there are")
	cmd.Flags().BoolVar(&job.DryRun, "dry-run", false, "only count them")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var err error
		if job.QuarantineFilter, err = filter(args); err != nil {
			return err
		}
		return o.work(cmd, "quarantine/"+what, job)
	}
	return cmd
}
