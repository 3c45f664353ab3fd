package dashboards

// pipeline shows the life of an event stage by stage: what goes on, and what does not and why.
func pipeline() *Dashboard {
	b := &board{}
	b.row("From stage to stage",
		lines("Rates", "Notifications and events per second at each stage. Received is what came, stored what is in the journal, new what no path had brought before, "+
			"released what is in order, accepted what sinks took, summed over sinks.", "cps", 16,
			expr(rate("carillon_ingest_received_total", ofSource), "1 received"), expr(rate("carillon_ingest_stored_total", ofSource), "2 stored"),
			expr(rate("carillon_dedupe_events_total", ofRouter), "3 new"), expr(rate("carillon_order_released_total", ofRouter), "4 released"),
			expr(rate("carillon_deliver_delivered_total", ofSink), "5 accepted")),
		bars("What did not go on", "In the time that is shown: what left the way to the sinks, and where. Witnesses are copies of events that were known.",
			"short",
			expr(increase("carillon_ingest_filtered_total", ofSource), "filtered"),
			expr(increase("carillon_ingest_quarantined_total", ofSource), "quarantined"),
			expr(increase("carillon_ingest_failed_total", ofSource), "no place in the journal"),
			expr(increase("carillon_dedupe_witnesses_total", ofRouter), "witnesses"),
			expr(increase("carillon_order_late_total", ofRouter, "outcome"), "late, {{outcome}}"),
			expr(increase("carillon_deliver_skipped_total", ofSink), "not wanted by a sink"),
			expr(increase("carillon_deliver_dead_total", ofSink), "dead letters")),
	)
	b.row("Ingest",
		lines("Received by source", "Notifications taken out of what a source received, whatever became of them.", "cps", 8,
			expr(rate("carillon_ingest_received_total", ofSource, "source"), "{{source}}")),
		lines("Quarantined", "Notifications that nobody can read, by source and reason. They are kept whole; carillon quarantine lists them.", "cps", 8,
			expr(rate("carillon_ingest_quarantined_total", ofSource, "source", "reason")+" > 0", "{{source}}: {{reason}}")).none("none"),
		lines("Filtered, and turned away", "Notifications that are known not to be wanted, and those for which the journal had no place: their source brings them again.",
			"cps", 8,
			expr(rate("carillon_ingest_filtered_total", ofSource, "source"), "{{source}}: filtered"),
			expr(rate("carillon_ingest_failed_total", ofSource, "source"), "{{source}}: turned away")),
		lines("Event to receipt", "How long AWS took, by source.", "s", 12,
			expr(quantile(0.5, "carillon_ingest_lag_seconds", ofSource, "source"), "{{source}}, p50"),
			expr(quantile(0.99, "carillon_ingest_lag_seconds", ofSource, "source"), "{{source}}, p99")).wide(),
		lines("Ahead of our clock", "Share of notifications from the future, by source. More than a few mean that this machine's clock is behind.",
			"percentunit", 12,
			expr(rate("carillon_ingest_ahead_total", ofSource, "source")+" / "+rate("carillon_ingest_stored_total", ofSource, "source"), "{{source}}")),
	)
	b.row("Order",
		lines("Held events", "Events that wait for earlier ones.", "short", 8, expr(total("carillon_order_held_events", ofRouter), "held")),
		lines("Longest hold", "For how long the event whose hold ends next has waited, in the worst partition, and how long a hold may be. "+
			"Much above it the stage stands, or works off a backlog.",
			"s", 8, expr(maximum("carillon_order_oldest_held_seconds", ofRouter), "longest"),
			expr(maximum("carillon_order_window_seconds", ofRouter), "window")),
		lines("Receipt to release", "From receipt of the first copy until the event is in order in the stream.", "s", 8,
			expr(quantile(0.5, "carillon_order_lag_seconds", ofRouter), "p50"),
			expr(quantile(0.99, "carillon_order_lag_seconds", ofRouter), "p99")),
		lines("Late events", "Events that came after something they had to precede was released, by what the policy did with them.", "cps", 8,
			expr(rate("carillon_order_late_total", ofRouter, "outcome"), "{{outcome}}")),
		lines("Gaps", "Predecessors that were waited for in vain, by the rule of mode causal that wanted them.", "cps", 8,
			expr(rate("carillon_order_gaps_total", ofRouter, "rule")+" > 0", "{{rule}}")).none("none"),
		lines("Holds cut short", "Events that left before their time because the memory for held events was full.", "cps", 8,
			expr(rate("carillon_order_forced_total", ofRouter), "cut short")),
	)
	b.row("Partitions",
		lines("Records that wait", "Records of RAW that no event came of yet, those of held events included.", "short", 8,
			expr(eachPartition("carillon_sequence_backlog_records", ofRouter), "records")),
		lines("Age of the oldest record, the five worst", "For how long the oldest record of RAW that is not settled has been stored. About the window is healthy.",
			"s", 8,
			expr("topk(5, "+maximum("carillon_sequence_backlog_age_seconds", ofRouter, "partition")+")", "partition {{partition}}")),
		lines("Owned partitions, and recoveries", "How many partitions each router owns; together they are all of them. "+
			"A recovery is a partition that was taken anew after an error.", "short", 8,
			expr(total("carillon_router_owned_partitions", ofRouter, "instance"), "{{instance}}"),
			expr(increase("carillon_sequence_recoveries_total", ofRouter), "recoveries in this time")),
	)
	journalRow(b)
	endsRow(b)
	processRow(b)
	return b.dashboard("carillon-pipeline", "Carillon: pipeline", "The life of an event, stage by stage: rates, holds, what is late, "+
		"quarantined or given up, and the journal below.", "now-1h")
}

func journalRow(b *board) {
	b.row("Journal",
		lines("Fill", "Which part of the bytes that a stream may hold it holds. At the limit sources are turned away; nothing is dropped.",
			"percentunit", 8,
			expr(maximum("carillon_journal_stream_fill_ratio", ofRouter, "stream"), "{{stream}}")).limits(0.8, 0.9),
		lines("Bytes", "What each stream takes on disk.", "bytes", 8, expr(maximum("carillon_journal_stream_bytes", ofRouter, "stream"), "{{stream}}")),
		lines("Memory of copies", "Age of the oldest event that is kept: copies of older ones are not recognised.", "s", 8,
			expr(since("carillon_journal_oldest_event_timestamp_seconds", ofRouter), "oldest event")),
		lines("Commit", "Time of one commit, with its fsync: what every acknowledgement to AWS waits for.", "s", 8,
			expr(quantile(0.5, "carillon_journal_commit_seconds", ofRouter), "p50"),
			expr(quantile(0.99, "carillon_journal_commit_seconds", ofRouter), "p99")).wide(),
		lines("Appends not stored", "Messages that the journal did not take, by why: full, refused, fenced off by a new owner, or of unknown outcome.",
			"cps", 8,
			expr(`sum by (outcome) (rate(carillon_journal_appends_total{`+ofRouter+`, outcome!="stored"}[$__rate_interval]))`, "{{outcome}}")),
		lines("Removed", "Messages removed because of their age or for space.", "cps", 8,
			expr(rate("carillon_journal_purged_messages_total", ofRouter, "stream"), "{{stream}}")),
	)
}

func endsRow(b *board) {
	b.row("Ends",
		lines("Kept for you", "Messages in quarantine and in the dead letters: they stay until somebody deals with them.", "short", 8,
			expr(`max by (stream) (carillon_journal_stream_messages{`+ofRouter+`, stream=~"quarantine|dead"})`, "{{stream}}")),
		lines("Dead letters", "Events given up, by sink.", "cps", 8, expr(rate("carillon_deliver_dead_total", ofSink, "sink"), "{{sink}}")),
		lines("Set aside", "Records of the journal that could not become events: another program wrote them, or a newer version.", "cps", 8,
			expr(rate("carillon_sequence_set_aside_total", ofRouter), "to quarantine"),
			expr(rate("carillon_journal_foreign_messages_total", ofRouter), "left out of a history")),
		lines("Errands", "Events that an operator had redriven, dropped or replayed, by what came of it.", "cps", 12,
			expr(rate("carillon_deliver_errands_total", ofSink, "sink", "errand", "result")+" > 0", "{{sink}}: {{errand}}, {{result}}")).none("none"),
		lines("Where could not be decided", "Events for which the expression where of a sink could not be decided: "+
			"what it asks for is absent (not sent), or it costs too much (sent).", "cps", 12,
			expr(rate("carillon_deliver_where_failures_total", ofSink, "sink", "cause"), "{{sink}}: {{cause}}")),
	)
}

func processRow(b *board) {
	b.row("Process",
		table("Routers", "What runs.", "instance", "Instance", 8, 8,
			column{title: "Up for", unit: "s", query: `time() - max by (instance, version, go) (process_start_time_seconds{` + ofRouter + `} * on (job, instance) group_left (version, go) carillon_build_info{` + ofRouter + `})`}),
		lines("Memory", "Memory of the process as the system counts it.", "bytes", 8,
			expr(maximum("process_resident_memory_bytes", ofRouter, "instance"), "{{instance}}")),
		lines("Processor", "Processors in use.", "none", 8, expr(rate("process_cpu_seconds_total", ofRouter, "instance"), "{{instance}}")),
		lines("Requests turned away", "Requests that the listener answered itself: nothing is at that path, the source had its share in hand, or an error of this program.",
			"cps", 12,
			expr(rate("carillon_http_refusals_total", ofRouter, "source", "reason"), "{{source}} {{reason}}")),
		lines("Requests in hand", "Requests that sources have in hand, and open connections.", "short", 12,
			expr(total("carillon_http_requests_in_flight", ofSource, "source"), "{{source}}"),
			expr(total("carillon_http_connections_open", ofRouter), "connections")),
	)
}
