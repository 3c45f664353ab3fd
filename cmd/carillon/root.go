package main

import "github.com/spf13/cobra"

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "carillon",
		Short: "Route Amazon Chime SDK notifications: each event once, in order, to every system",
		Long: `Carillon stands between AWS and applications that build on the Amazon Chime SDK.

Notifications reach it over SQS, SNS and EventBridge, more than once, out of order, over paths
that fail. It turns them into one durable stream that holds each event once and in order for its
meeting, and forwards that stream to other systems.

  carillon demo                see it work, with nothing but this binary
  carillon check -c FILE       is this configuration right?
  carillon run -c FILE         run the router
  carillon health -c FILE      is it ready?
  carillon sinks ls -c FILE    how is it doing?
  carillon dead ls -c FILE     what did a sink not take?`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
	}
	root.AddCommand(newRun(), newDemo(), newBench(), newCheck(), newAWS(), newSinks(), newDead(), newReplay(), newQuarantine(),
		newHealth(), newVersion())
	return root
}
