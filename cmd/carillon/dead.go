package main

import (
	"github.com/spf13/cobra"

	"carillon/cmd/carillon/operate"
	"carillon/pipeline/admin"
)

func newDead() *cobra.Command {
	o := &operator{}
	r := &records[admin.DeadFilter, admin.DeadLetters, admin.DeadLetter]{
		operator: o, path: "dead", many: "dead letters", one: "a dead letter",
		page: (*admin.Client).Dead, at: (*admin.Client).DeadAt, table: operate.Dead, whole: operate.DeadLetter, filter: deadFilter,
		job: func(f admin.DeadFilter, all, dryRun bool) any {
			return admin.DeadJob{DeadFilter: f, All: all, DryRun: dryRun}
		},
	}
	return group("dead", "List, show, redrive and drop dead letters",
		`A dead letter is an event that a sink rejected, or did not accept within give_up_after. It stays until it
is redriven or dropped:

  carillon dead ls -c FILE                      what there is, and why
  carillon dead show 12 -c FILE                 one of them with its body and what the far side answered
  carillon dead redrive --sink S -c FILE        send them again, when the cause is mended
  carillon dead drop 12 -c FILE                 forget one`,
		o, r.newList("  carillon dead ls -c carillon.yaml\n  carillon dead ls --sink attendance --from 2h --reason 422 --json"), r.newShow(),
		r.newJob("redrive", "Send dead letters again",
			`Redrive sends dead letters again, each once, those of a meeting one after the other in their order: the next
one goes when the one before was accepted. One that is accepted is a dead letter no more; one that is not
stays, with what was said last. Nothing is sent twice, whoever else redrives, so it can be repeated at will.
With on_dead: continue the events of the meeting that came after it were sent before: Carillon-Sequence
says where it belongs.`),
		r.newJob("drop", "Forget dead letters",
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
