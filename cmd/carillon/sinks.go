package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"carillon/cmd/carillon/operate"
)

func newSinks() *cobra.Command {
	o := &operator{}
	return group("sinks", "List, resume, rename and forget sinks",
		`A sink has a position in the stream. It outlives restarts, and also the configuration: a sink that is gone from
it keeps the events that it has not got from being purged, until delivery.forget_after (24h) or

  carillon sinks ls -c FILE                 what there is, and how it is doing
  carillon sinks resume S -c FILE           let a sink go on that was held back for rejecting too much
  carillon sinks rename OLD NEW -c FILE     let NEW go on where OLD is, from the next start on
  carillon sinks forget S -c FILE           give up the position of a sink that is gone`,
		o, newSinksList(o),
		newSinkJob(o, "resume SINK", "Let a sink go on that is held back",
			`Resume lets a sink go on at once that is held back because it rejected too much, or accepted nothing. It goes on
by itself as soon as one of the events that are tried is accepted.`, "goes on"),
		newSinkRename(o),
		newSinkJob(o, "forget SINK", "Give up the position of a sink that is gone",
			`Forget removes the position of a sink and its parked meetings. It must be gone from the configuration. If it comes
back it is a new sink. Its dead letters stay: drop them with "carillon dead drop --sink SINK".`, "is forgotten"))
}

func newSinksList(o *operator) *cobra.Command {
	return &cobra.Command{
		Use: "ls", Aliases: []string{"list"}, Short: "List sinks", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := o.client(cmd)
			if err != nil {
				return err
			}
			out, err := c.Sinks(cmd.Context())
			switch {
			case err != nil:
				return err
			case o.json:
				return operate.JSON(cmd.OutOrStdout(), out)
			}
			return operate.Sinks(cmd.OutOrStdout(), out.Sinks)
		},
	}
}

func newSinkJob(o *operator, use, short, long, done string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: long, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.sink(cmd, args[0], cmd.Name(), "", args[0]+" "+done)
		},
	}
}

func newSinkRename(o *operator) *cobra.Command {
	return &cobra.Command{
		Use: "rename OLD NEW", Short: "Let a sink go on under another name",
		Long: `Rename notes that OLD goes on as NEW. Then change the name in the configuration and restart (all routers, where
there are several): NEW takes over position, parked meetings and dead letters. Until then OLD goes on as it is.
"rename OLD OLD" takes that back.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			done := args[0] + " goes on as " + args[1] + " at the next start: change its name in the configuration and restart"
			if args[0] == args[1] {
				done = args[0] + " keeps its name"
			}
			return o.sink(cmd, args[0], cmd.Name(), args[1], done)
		},
	}
}

// sink does something to one sink.
func (o *operator) sink(cmd *cobra.Command, id, what, to, done string) error {
	c, err := o.client(cmd)
	if err != nil {
		return err
	}
	if err := c.Sink(cmd.Context(), id, what, to); err != nil {
		return err
	}
	if o.json {
		return operate.JSON(cmd.OutOrStdout(), map[string]bool{"ok": true})
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), done)
	return err
}
