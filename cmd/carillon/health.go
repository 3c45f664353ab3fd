package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carillon/cmd/carillon/operate"
	"carillon/connectors"
	"carillon/pipeline/config"
)

// usualHealthLimit is how long a probe waits. A router that takes longer to look at its journal cannot do its work.
const usualHealthLimit = 5 * time.Second

func newHealth() *cobra.Command {
	var file, url string
	var limit time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "health [-c FILE | --url URL]",
		Short: "Ask a running router whether it is ready",
		Long: `Health asks a running router for /readyz on its admin listener, and prints what it says: whether it can do
its work, what is wrong if not, and which sinks are held back. With -c FILE the address is that of the
configuration, as run would read it; otherwise --url says where. It needs no token and changes nothing.

It is made for images without a shell: HEALTHCHECK of a container, "exec" probes, and tests.

Exit status: 0 when the router is ready, 1 when it is not, when nobody answers, or not in time.`,
		Example: "  carillon health\n  carillon health -c carillon.yaml --timeout 2s\n  carillon health --url http://carillon-admin:9464 --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit <= 0 {
				return fmt.Errorf("--timeout: %s is not more than 0s", limit)
			}
			if file != "" {
				c, err := config.Load(file, connectors.All(connectors.Options{}), os.Environ())
				if err != nil {
					return fmt.Errorf("%w\nWhere the configuration cannot be loaded, as for want of its secrets, use --url", err)
				}
				url = reachable(c.Admin.Listen)
			}
			if !strings.Contains(url, "://") {
				url = "http://" + url
			}
			err := operate.Health(cmd.Context(), url, limit, asJSON, cmd.OutOrStdout())
			if errors.Is(err, operate.ErrUnready) {
				return errReported
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, configFlag, "c", "", "the router's configuration, for its address")
	f.StringVar(&url, "url", usualAdmin, "the router's admin listener")
	f.DurationVar(&limit, "timeout", usualHealthLimit, "how long to wait for the answer")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.MarkFlagsMutuallyExclusive(configFlag, "url")
	_ = cmd.MarkFlagFilename(configFlag, "yaml", "yml")
	return cmd
}
