package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carillon/cmd/carillon/operate"
	"carillon/connectors"
	"carillon/pipeline/admin"
	"carillon/pipeline/config"
)

const usualAdmin = "http://127.0.0.1:9464"

// reaching is the part of the help that the operators' commands share.
const reaching = `

The command asks a running router on its admin listener, because the journal belongs to the router's
process. With -c FILE address and token are those of the configuration; otherwise --admin says where,
and the token is in the environment variable CARILLON_ADMIN_TOKEN or behind --token, where other users
of the machine can see it. The router needs an admin.token; without one it refuses.`

// operator is how a command reaches a router.
type operator struct {
	file, url, token string
	json             bool
}

// flags adds the flags that all operators' commands have.
func (o *operator) flags(cmd *cobra.Command) {
	f := cmd.PersistentFlags()
	f.StringVarP(&o.file, configFlag, "c", "", "the router's configuration, for its address and token")
	f.StringVar(&o.url, "admin", usualAdmin, "the router's admin listener")
	f.StringVar(&o.token, "token", "", "the router's admin.token (better: "+config.TokenVariable+")")
	f.BoolVar(&o.json, "json", false, "print JSON")
	_ = cmd.MarkPersistentFlagFilename(configFlag, "yaml", "yml")
}

// client returns what asks the router.
func (o *operator) client(cmd *cobra.Command) (*admin.Client, error) {
	c := &admin.Client{URL: o.url, Token: o.token}
	if c.Token == "" {
		c.Token = os.Getenv(config.TokenVariable)
	}
	if o.file != "" {
		if err := o.configured(cmd, c); err != nil {
			return nil, err
		}
	}
	if !strings.Contains(c.URL, "://") {
		c.URL = "http://" + c.URL
	}
	if c.Token == "" {
		return nil, fmt.Errorf("no token: set %s to the router's admin.token, or name its configuration with -c FILE", config.TokenVariable)
	}
	return c, nil
}

// configured takes from the configuration what no flag says.
func (o *operator) configured(cmd *cobra.Command, c *admin.Client) error {
	loaded, err := config.Load(o.file, connectors.All(connectors.Options{}), os.Environ())
	if err != nil {
		return fmt.Errorf("%w\nWhere the configuration cannot be loaded, as for want of its secrets, use --admin and %s", err, config.TokenVariable)
	}
	if !cmd.Flags().Changed("admin") {
		c.URL = "http://" + reachable(loaded.Admin.Listen)
	}
	if c.Token == "" {
		c.Token = loaded.Admin.Token.Reveal()
	}
	if c.Token == "" {
		return fmt.Errorf("%s sets no admin.token, so its router has no API: set it to a secret of 16 characters or more and restart", o.file)
	}
	return nil
}

// reachable returns an address to connect to for one to listen on.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return listen
}

// work does a job and prints what came of it. That some was left was said.
func (o *operator) work(cmd *cobra.Command, path string, job any) error {
	c, err := o.client(cmd)
	if err != nil {
		return err
	}
	err = operate.Work(cmd.Context(), c, path, job, o.json, cmd.OutOrStdout(), cmd.ErrOrStderr())
	if errors.Is(err, operate.ErrLeft) {
		return errReported
	}
	return err
}

// spanFlags adds --from and --to; read returns them as the API wants them.
func spanFlags(cmd *cobra.Command, what string) (read func() (from, to string, err error)) {
	var from, to string
	cmd.Flags().StringVar(&from, "from", "", "only what "+what+" at or after this: a time, or 2h for two hours ago")
	cmd.Flags().StringVar(&to, "to", "", "only what "+what+" before this")
	return func() (string, string, error) {
		now := time.Now()
		f, err := operate.When("from", from, now)
		if err != nil {
			return "", "", err
		}
		t, err := operate.When("to", to, now)
		return f, t, err
	}
}

// group returns a command that has only others under it.
func group(use, short, long string, o *operator, under ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long + reaching, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	o.flags(cmd)
	cmd.AddCommand(under...)
	return cmd
}
