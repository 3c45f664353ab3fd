package dashboards

// paths shows what each source is worth: the case for a second one.
func paths() *Dashboard {
	b := &board{}
	b.row("The case for a second path",
		bars("Missed by each path", "Of the events that were watched for the whole grace, "+
			"the share that this path did not bring although another one did: what would be lost if it were the only one.",
			"percentunit", expr(increase("carillon_dedupe_missed_total", ofSource, "source")+" / on () group_left () "+increase("carillon_dedupe_judged_total", ofRouter), "{{source}}")).limits(0.001, 0.02),
		bars("First by each path", "The share of events that this path brought before all others.", "percentunit",
			expr(increase("carillon_dedupe_events_total", ofSource, "source")+" / on () group_left () "+increase("carillon_dedupe_events_total", ofRouter), "{{source}}")),
		bars("Ahead by, p50", "By how much the path that was first was ahead of each other one, in the middle case: what the slower path alone would cost.",
			"s",
			expr(quantile(0.5, "carillon_dedupe_lead_seconds", ofSource, "source"), "{{source}}")),
		number("Saved", "Events, in the time that is shown, that some path did not bring and another one did.", "short", 6,
			now(expr(increase("carillon_dedupe_missed_total", ofSource), "events"))),
		number("Judged", "Events that were watched for the whole grace: what missed counts against.", "short", 6,
			now(expr(increase("carillon_dedupe_judged_total", ofRouter), "events"))),
		number("Not judged", "Events of which nobody can say who missed them: not watched without a break, from before the start, or known to come over one path only.",
			"short", 6,
			now(expr(increase("carillon_dedupe_unjudged_total", ofRouter), "events"))),
		number("Copies", "Notifications per event: 3 is three paths without loss.", "none", 6,
			now(expr("1 + "+increase("carillon_dedupe_witnesses_total", ofRouter)+" / "+increase("carillon_dedupe_events_total", ofRouter), "per event"))),
	)
	b.row("Paths over time",
		lines("First", "Events that this path brought first.", "cps", 8,
			expr(rate("carillon_dedupe_events_total", ofSource, "source"), "{{source}}")).stacked(),
		lines("Witness", "Copies of events that another path, or the same one, had brought.", "cps", 8,
			expr(rate("carillon_dedupe_witnesses_total", ofSource, "source"), "{{source}}")).stacked(),
		lines("Missed", "Events that this path did not bring within the grace although another one did. They show two minutes after the event.", "cps", 8,
			expr(rate("carillon_dedupe_missed_total", ofSource, "source"), "{{source}}")),
		lines("Event to receipt, p50", "How long this path takes, in the middle case.", "s", 8,
			expr(quantile(0.5, "carillon_ingest_lag_seconds", ofSource, "source"), "{{source}}")).wide(),
		lines("Event to receipt, p99", "How long this path takes for one event in a hundred.", "s", 8,
			expr(quantile(0.99, "carillon_ingest_lag_seconds", ofSource, "source"), "{{source}}")).wide(),
		lines("Ahead by", "By how much this path was ahead of each other one when it was first.", "s", 8,
			expr(quantile(0.5, "carillon_dedupe_lead_seconds", ofSource, "source"), "{{source}}, p50"),
			expr(quantile(0.99, "carillon_dedupe_lead_seconds", ofSource, "source"), "{{source}}, p99")).wide(),
		lines("Since the last notification", "How long ago something that this path brought was taken.", "s", 12,
			expr(since("carillon_ingest_last_success_timestamp_seconds", ofSource, "source"), "{{source}}")),
		states("Source stopped", "When a source had stopped for good: it takes nothing more until the next start.", 12, "runs", "stopped",
			expr("1 - min by (source) (carillon_router_source_up{"+ofSource+"})", "{{source}}")),
		heat("Lead", "How the leads are spread: by how much the first path was ahead of each other one.",
			"s", 12, buckets("carillon_dedupe_lead_seconds", ofSource)),
		heat("Event to receipt", "How the times from event to receipt are spread over all paths.",
			"s", 12, buckets("carillon_ingest_lag_seconds", ofSource)),
	)
	b.row("Do the paths agree",
		lines("Disagreements", "Copies whose detail differs from the first copy of their event, by member. Of a busy stream a sample is compared.",
			"cps", 8,
			expr(rate("carillon_dedupe_disagreements_total", ofRouter, "field")+" > 0", "{{field}}")).none("none"),
		lines("Suspected splits", "Pairs of events that differ in nothing but a timestamp and came over different paths: one event, perhaps, "+
			"that is delivered twice. identity.time_tolerance mends that.", "cps", 8,
			expr(rate("carillon_dedupe_suspected_splits_total", ofRouter), "suspected"),
			expr(rate("carillon_dedupe_tolerated_total", ofRouter), "mended by time_tolerance")),
		lines("Ahead of our clock, p99", "By how much event times are ahead of this machine's clock, where they are.", "s", 8,
			expr(quantile(0.99, "carillon_ingest_ahead_seconds", ofSource, "source"), "{{source}}")).none("none"),
	)
	b.row("Queues and endpoints",
		lines("Messages in queues", "Messages in SQS queues by state, approximately.", "short", 12,
			expr(maximum("carillon_sqs_queue_messages", ofSource, "source", "state"), "{{source}}: {{state}}")),
		lines("Refused requests", "Requests to the SNS endpoint that were refused for good, and requests that did not prove that EventBridge sent them, by reason.",
			"cps", 12,
			expr(rate("carillon_sns_refusals_total", ofSource, "source", "reason")+" > 0", "{{source}}: {{reason}}"),
			expr(rate("carillon_eventbridge_denials_total", ofSource, "source", "reason")+" > 0", "{{source}}: {{reason}}")).none("none"),
	)
	return b.dashboard("carillon-paths", "Carillon: paths", "Which path brought an event first, which brought it again, and which never did: "+
		"what each of them is worth.", "now-6h")
}
