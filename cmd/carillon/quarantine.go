package main

import (
	"github.com/spf13/cobra"

	"carillon/cmd/carillon/operate"
	"carillon/pipeline/admin"
)

func newQuarantine() *cobra.Command {
	o := &operator{}
	r := &records[admin.QuarantineFilter, admin.QuarantineList, admin.Quarantined]{
		operator: o, path: "quarantine", many: "notifications that could not be read", one: "a notification",
		page: (*admin.Client).Quarantine, at: (*admin.Client).QuarantineAt, table: operate.Quarantine, whole: operate.Quarantined,
		filter: quarantineFilter,
		job: func(f admin.QuarantineFilter, all, dryRun bool) any {
			return admin.QuarantineJob{QuarantineFilter: f, All: all, DryRun: dryRun}
		},
	}
	return group("quarantine", "List, show, retry and drop notifications that could not be read",
		`What no source could read is kept whole, with the reason:

  carillon quarantine ls -c FILE                what there is, and why
  carillon quarantine show 3 -c FILE            one of them with its body
  carillon quarantine retry --all -c FILE       read them again, after an upgrade
  carillon quarantine drop 3 -c FILE            throw one away`,
		o, r.newList(""), r.newShow(),
		r.newJob("retry", "Read notifications again",
			`Retry reads notifications again, as if they came in now from the source that brought them. What can be read
goes into the stream, and leaves quarantine; copies of events that are there already are recognised. What
still cannot be read stays.`),
		r.newJob("drop", "Throw notifications away", `Drop removes notifications for good: nothing else has them.`))
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
