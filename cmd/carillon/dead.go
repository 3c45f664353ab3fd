package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"carillon/cmd/carillon/operate"
	"carillon/pipeline/admin"
)

// usualPage is how many entries a list shows.
const usualPage = 100

func newDead() *cobra.Command {
	o := &operator{}
	return group("dead", "List, show, redrive and drop dead letters",
		`A dead letter is an event that a sink rejected, or did not accept within give_up_after. It stays until it
is redriven or dropped:

  carillon dead ls -c FILE                      what there is, and why
  carillon dead show 12 -c FILE                 one of them with its body and what the far side answered
  carillon dead redrive --sink S -c FILE        send them again, when the cause is mended
  carillon dead drop 12 -c FILE                 forget one`,
		o, newDeadList(o), newDeadShow(o),
		newDeadJob(o, "redrive", "Send dead letters again",
			`Redrive sends dead letters again, each once, those of a meeting one after the other in their order: the next
one goes when the one before was accepted. One that is accepted is a dead letter no more; one that is not
stays, with what was said last. Nothing is sent twice, whoever else redrives, so it can be repeated at will.
With on_dead: continue the events of the meeting that came after it were sent before: Carillon-Sequence
says where it belongs.`),
		newDeadJob(o, "drop", "Forget dead letters",
			`Drop removes dead letters unsent. A meeting that waits for them (on_dead: park) goes on with its last one.
The events themselves stay in the journal and can be replayed.`))
}

// deadFilter adds the flags that choose dead letters; read returns them.
func deadFilter(cmd *cobra.Command) (read func(places []string) (admin.DeadFilter, error)) {
	f := admin.DeadFilter{}
	flags := cmd.Flags()
	flags.StringVar(&f.Sink, "sink", "", "only those of this sink")
	flags.StringVar(&f.Meeting, "meeting", "", "only those of this meeting")
	flags.StringVar(&f.Kind, "kind", "", `only those whose kind matches, such as "chime:Attendee*"`)
	flags.StringVar(&f.Reason, "reason", "", "only those with this in their reason")
	flags.StringArrayVar(&f.IDs, "id", nil, "only the event with this id, or its beginning; more than once for more")
	span := spanFlags(cmd, "died")
	return func(places []string) (admin.DeadFilter, error) {
		var err error
		if f.From, f.To, err = span(); err != nil {
			return f, err
		}
		f.Places, err = readPlaces(places)
		return f, err
	}
}

func readPlaces(texts []string) ([]uint64, error) {
	var out []uint64
	for _, text := range texts {
		place, err := strconv.ParseUint(text, 10, 64)
		if err != nil || place == 0 {
			return nil, fmt.Errorf("%q is not a place: want a number from the column PLACE", text)
		}
		out = append(out, place)
	}
	return out, nil
}

func newDeadList(o *operator) *cobra.Command {
	var limit int
	var after uint64
	cmd := &cobra.Command{
		Use: "ls", Aliases: []string{"list"}, Short: "List dead letters", Args: cobra.NoArgs,
		Example: "  carillon dead ls -c carillon.yaml\n  carillon dead ls --sink attendance --from 2h --reason 422 --json",
	}
	filter := deadFilter(cmd)
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
		page, err := c.Dead(cmd.Context(), f, limit, after)
		switch {
		case err != nil:
			return err
		case o.json:
			return operate.JSON(cmd.OutOrStdout(), page)
		}
		return operate.Dead(cmd.OutOrStdout(), page)
	}
	return cmd
}

func newDeadShow(o *operator) *cobra.Command {
	return &cobra.Command{
		Use: "show PLACE", Short: "Show a dead letter with its body", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			places, err := readPlaces(args)
			if err != nil {
				return err
			}
			c, err := o.client(cmd)
			if err != nil {
				return err
			}
			d, err := c.DeadAt(cmd.Context(), places[0])
			switch {
			case err != nil:
				return err
			case o.json:
				return operate.JSON(cmd.OutOrStdout(), d)
			}
			return operate.DeadLetter(cmd.OutOrStdout(), &d)
		},
	}
}

func newDeadJob(o *operator, what, short, long string) *cobra.Command {
	job := admin.DeadJob{}
	cmd := &cobra.Command{
		Use: what + " [PLACE...]", Short: short,
		Long: long + `

Places and flags choose together: what is named must match all of them. Without any it takes --all.

Exit status: 0 when all of them are done, 1 otherwise.`,
	}
	filter := deadFilter(cmd)
	cmd.Flags().BoolVar(&job.All, "all", false, "all there are")
	cmd.Flags().BoolVar(&job.DryRun, "dry-run", false, "only count them")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var err error
		if job.DeadFilter, err = filter(args); err != nil {
			return err
		}
		return o.work(cmd, "dead/"+what, job)
	}
	return cmd
}
