package main

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"carillon/cmd/carillon/operate"
	"carillon/pipeline/admin"
)

// usualPage is how many entries a list shows.
const usualPage = 100

// records are what a router keeps until somebody deals with it. Filter chooses some, Page is what a list of them shows, Record is
// one of them.
type records[Filter, Page, Record any] struct {
	*operator

	path  string // of the API, and what the command is called
	many  string // what the records are called
	one   string
	page  func(c *admin.Client, ctx context.Context, f Filter, limit int, after uint64) (Page, error)
	at    func(c *admin.Client, ctx context.Context, place uint64) (Record, error)
	table func(w io.Writer, page Page) error
	whole func(w io.Writer, r *Record) error
	// filter adds the flags that choose records; read returns them.
	filter func(cmd *cobra.Command) (read func(places []string) (Filter, error))
	// job is the body of a request that does something with what is chosen.
	job func(f Filter, all, dryRun bool) any
}

func (r *records[F, P, R]) newList(example string) *cobra.Command {
	var limit int
	var after uint64
	cmd := &cobra.Command{Use: "ls", Aliases: []string{"list"}, Short: "List " + r.many, Example: example, Args: cobra.NoArgs}
	filter := r.filter(cmd)
	cmd.Flags().IntVar(&limit, "limit", usualPage, "how many at most, up to 1000")
	cmd.Flags().Uint64Var(&after, "after", 0, "only those behind this place")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		f, err := filter(nil)
		if err != nil {
			return err
		}
		c, err := r.client(cmd)
		if err != nil {
			return err
		}
		page, err := r.page(c, cmd.Context(), f, limit, after)
		switch {
		case err != nil:
			return err
		case r.json:
			return operate.JSON(cmd.OutOrStdout(), page)
		}
		return r.table(cmd.OutOrStdout(), page)
	}
	return cmd
}

func (r *records[F, P, R]) newShow() *cobra.Command {
	return &cobra.Command{
		Use: "show PLACE", Short: "Show " + r.one + " with its body", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			places, err := readPlaces(args)
			if err != nil {
				return err
			}
			c, err := r.client(cmd)
			if err != nil {
				return err
			}
			found, err := r.at(c, cmd.Context(), places[0])
			switch {
			case err != nil:
				return err
			case r.json:
				return operate.JSON(cmd.OutOrStdout(), found)
			}
			return r.whole(cmd.OutOrStdout(), &found)
		},
	}
}

// newJob returns the command that does what with those that are chosen.
func (r *records[F, P, R]) newJob(what, short, long string) *cobra.Command {
	var all, dryRun bool
	cmd := &cobra.Command{
		Use: what + " [PLACE...]", Short: short,
		Long: long + `

Places and flags choose together: what is named must match all of them. Without any it takes --all.

Exit status: 0 when all of them are done, 1 otherwise.`,
	}
	filter := r.filter(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "all there are")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only count them")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f, err := filter(args)
		if err != nil {
			return err
		}
		return r.work(cmd, r.path+"/"+what, r.job(f, all, dryRun))
	}
	return cmd
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
