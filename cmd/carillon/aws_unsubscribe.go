package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"carillon/connectors"
	"carillon/connectors/sns"
	"carillon/pipeline/config"
)

func newUnsubscribe() *cobra.Command {
	var file, source string
	cmd := &cobra.Command{
		Use:   "unsubscribe -c FILE",
		Short: "End the subscriptions that sns sources made for themselves",
		Long: `Unsubscribe ends, in the account, the subscriptions of the topics of each sns source to its
subscribe.endpoint. SNS posts nothing there from then on, not even what it has tried in vain before: take
the topics out of use first, or have another path. A source that runs subscribes again at its next start:
stop it, or take subscribe out of its configuration.

It needs the permissions sns:ListSubscriptionsByTopic and sns:Unsubscribe. Subscriptions that nobody has
confirmed cannot be ended; SNS forgets them within three days. Doing it again is harmless.`,
		Example: "  carillon aws unsubscribe -c carillon.yaml\n  carillon aws unsubscribe -c carillon.yaml --source topic",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, connectors.All(connectors.Options{}), os.Environ())
			if err != nil {
				return err
			}
			return unsubscribe(cmd, c, source)
		},
	}
	cmd.Flags().StringVarP(&file, configFlag, "c", "", "the configuration, a YAML file")
	cmd.Flags().StringVar(&source, "source", "", "the name of one source; empty: all that subscribe")
	_ = cmd.MarkFlagRequired(configFlag)
	_ = cmd.MarkFlagFilename(configFlag, "yaml", "yml")
	return cmd
}

// unsubscribe goes on after a failure: what can be ended is.
func unsubscribe(cmd *cobra.Command, c *config.Config, only string) error {
	var errs []error
	found := false
	for _, src := range c.Sources {
		cfg, ok := src.Config.(*sns.Config)
		if !ok || cfg.Subscribe.Endpoint == "" || (only != "" && src.ID != only) {
			continue
		}
		found = true
		done, err := sns.Unsubscribe(cmd.Context(), *cfg)
		for _, arn := range done.Removed {
			cmd.Printf("sources.%s: ended %s\n", src.ID, arn)
		}
		cmd.Printf("sources.%s: %d ended, %d were never confirmed\n", src.ID, len(done.Removed), done.Pending)
		if err != nil {
			errs = append(errs, fmt.Errorf("sources.%s: %w", src.ID, err))
		}
	}
	if !found {
		return errors.New("unsubscribing: no such sns source has subscribe.endpoint set")
	}
	return errors.Join(errs...)
}
