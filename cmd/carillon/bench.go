package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"carillon/cmd/carillon/bench"
	"carillon/pipeline/telemetry"
)

func newBench() *cobra.Command {
	o := bench.Defaults()
	var asJSON bool
	var only string
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure throughput, latency, memory and order against what the journal allows",
		Long: `Bench runs a whole router in this process, with a real journal whose every append is on disk, and
measures it:

  throughput   three copies of each event, in turn with the bare ceiling: the same bytes through the
               same JetStream operations without parsing, dedupe, order or metrics
  latency      from receipt to the sink's acceptance at a fixed rate, for each order mode
  memory       heap per active meeting and remembered event, and the read of a cold meeting
  scale        throughput from 1000 active meetings up to --meetings
  frontier     events out of order against added latency, for each mode and window, on five
               published disorder profiles, with a simulated clock

With --source sqs it measures that source alone: it drains a queue into a real journal, in turn with a
bare loop that receives and deletes with the same SDK, as many pollers and equal batches. The queue is
at an emulator: --endpoint, else one in this process, which then shares its processors with both.

With --sink it measures the delivery to that sink alone: events of 256 meetings (--meetings) wait in the
stream of a real journal, and the router's stage, its lanes and the sink with its default settings send
them to a far side on this machine. That takes turns with two bare loops, which use the same client
library, batches as large and as many calls at once, but keep no meeting in order: one sends the same
bytes from memory, the other one what it reads from the stream, as the delivery has to.

  file       a file in --dir
  nats       a JetStream server in this process, beside the journal's
  kafka      the broker that the client library has for tests, in this process
  webhook    an HTTP server in this process; one event for each request, 256 at once
  postgres   the database of --sink-url, where a table carillon_bench is made, emptied and dropped

A far side in this process shares its processors with all of them alike.

The first three depend on the machine and its disk, and want a machine that does nothing else.`,
		Example: "  carillon bench\n  carillon bench --source sqs --endpoint http://127.0.0.1:4566 --pollers 8\n  carillon bench --sink nats --for 10s\n  carillon bench --sink postgres --sink-url postgres://postgres@127.0.0.1:5432/postgres --json\n  carillon bench --only frontier --seeds 20\n  carillon bench --only scale --meetings 1000000\n" +
			"  carillon bench --only throughput --cpuprofile router.cpu && go tool pprof -diff_base router.cpu.ceiling router.cpu",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Only = bench.Part(only)
			if o.Sink != "" && !cmd.Flags().Changed("meetings") {
				o.Meetings = bench.SinkMeetings
			}
			logger := telemetry.NewLogger(telemetry.LogConfig{Level: telemetry.LevelWarn, Format: telemetry.FormatText}, os.Stderr, isatty.IsTerminal(os.Stderr.Fd()))
			report, err := bench.Run(cmd.Context(), o, cmd.ErrOrStderr(), logger)
			if err != nil {
				return fmt.Errorf("running the bench: %w", err)
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			}
			return bench.Print(cmd.OutOrStdout(), report)
		},
	}
	f := cmd.Flags()
	f.DurationVar(&o.For, "for", o.For, "how long throughput, --source or --sink is measured; latency half as long for each mode; 100ms to 1h")
	f.IntVar(&o.Meetings, "meetings", o.Meetings, "how many meetings are active at once, 10 to 10000000; above 1000 the scale is measured up to it")
	f.IntVar(&o.Rate, "rate", o.Rate, "events per second while latency is measured, 1 to 100000")
	f.IntVar(&o.Partitions, "partitions", o.Partitions, "partitions of the journal, 1 to 256")
	f.IntVar(&o.CeilingPartitions, "ceiling-partitions", o.CeilingPartitions, "partitions of the ceiling, 1 to 256; 0: as many as the router has")
	f.Float64Var(&o.Disorder, "disorder", o.Disorder, "share of notifications that a path delivers too late for their turn, 0 to 1")
	f.StringVar(&only, "only", "", "run one part: "+bench.PartList())
	f.Uint64Var(&o.Seed, "seed", o.Seed, "the traffic to make; the same seed makes the same")
	f.IntVar(&o.Seeds, "seeds", o.Seeds, "how many runs the frontier takes the mean and the worst of, 1 to 1000")
	f.StringVar(&o.Dir, "dir", "", "where the temporary journals go; empty: where temporary files go")
	f.StringVar(&o.CPUProfile, "cpuprofile", "", "write a CPU profile of the router at the end of throughput to this file, and one of the ceiling beside it")
	f.StringVar(&o.Source, "source", "", "measure a source instead of the router: sqs")
	f.StringVar(&o.Endpoint, "endpoint", os.Getenv("AWS_ENDPOINT_URL_SQS"), "URL of an emulator of SQS for --source; empty: one in this process")
	f.IntVar(&o.Pollers, "pollers", o.Pollers, "long polls side by side for --source, 1 to 64")
	f.StringVar(&o.Sink, "sink", "", "measure the delivery to a sink instead of the router: "+bench.SinkList())
	f.StringVar(&o.SinkURL, "sink-url", "", "database for --sink postgres; a table carillon_bench is made in it, and dropped")
	f.IntVar(&o.Events, "events", o.Events, "events of each slice of --sink, 100 to 10000000")
	f.BoolVar(&asJSON, "json", false, "print one JSON object on standard output, progress on standard error")
	return cmd
}
