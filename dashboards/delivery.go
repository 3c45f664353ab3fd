package dashboards

const (
	lagSeconds  = "carillon_deliver_lag_seconds"
	staySeconds = "carillon_deliver_stay_seconds"
)

// deliveryLag is the page that people open first: whether events reach their sinks in time, and if not, who is slow.
func deliveryLag() *Dashboard {
	b := &board{}
	b.row("Now",
		number("Event to sink, p99", "Of 100 events 99 reached this sink within this time after they happened. It includes the delay of AWS and the hold that "+
			"puts events in order.", "s", 5, expr(quantile(0.99, lagSeconds, ofSink, "sink"), "{{sink}}")).limits(5, 10).none("no events"),
		number("Oldest event that waits", "For how long the oldest event that this sink has not settled has been stored. It grows while the sink accepts nothing.",
			"s", 5, expr(maximum("carillon_deliver_backlog_age_seconds", ofSink, "sink"), "{{sink}}")).limits(30, 300),
		number("Events that wait", "Events that this sink has not settled, those of parked meetings not counted.", "short", 5,
			expr(eachPartition("carillon_deliver_backlog_events", ofSink, "sink"), "{{sink}}")).limits(1000, 100_000),
		number("Accepted", "Events that sinks accepted per second, repeats included.", "cps", 4,
			expr(rate("carillon_deliver_delivered_total", ofSink, "sink"), "{{sink}}")),
		number("Sinks in trouble", "Sinks that are held back, because they accept nothing or reject too much, or that stopped for good.", "none", 5,
			expr(`sum (max by (sink) (carillon_deliver_held_back{`+ofSink+`})) + sum (1 - min by (sink) (carillon_router_sink_up{`+ofSink+`}))`, "sinks")).limits(1, 1),
	)
	b.row("Lag",
		lines("Event to sink, p50", "Half of the events reached the sink faster after they happened.", "s", 8,
			expr(quantile(0.5, lagSeconds, ofSink, "sink"), "{{sink}}")).wide(),
		lines("Event to sink, p90", "One event in ten took longer from its happening to the sink.", "s", 8,
			expr(quantile(0.9, lagSeconds, ofSink, "sink"), "{{sink}}")).wide(),
		lines("Event to sink, p99", "One event in a hundred took longer. The alert of the error budget counts events beyond 10 s.", "s", 8,
			expr(quantile(0.99, lagSeconds, ofSink, "sink"), "{{sink}}")).wide().limits(5, 10),
		perSink(heat("Event to sink: $sink", "How the times from event to acceptance by this sink are spread: two bands are two kinds of events or paths.",
			"s", columns,
			buckets(lagSeconds, ofSink))),
	)
	b.row("Who is slow", whoIsSlow(),
		lines("Where the time goes, p99", "The same time in pieces: what AWS took, what dedupe and order took, all that the router took, and one call to the sink.",
			"s", 12,
			expr(quantile(0.99, "carillon_ingest_lag_seconds", ofSource, "source"), "AWS, over {{source}}"),
			expr(quantile(0.99, "carillon_order_lag_seconds", ofRouter), "dedupe and order"),
			expr(quantile(0.99, staySeconds, ofSink, "sink"), "router, to {{sink}}"),
			expr(quantile(0.99, "carillon_deliver_write_seconds", ofSink, "sink"), "call to {{sink}}")).wide(),
		lines("Attempts not accepted", "Attempts that a sink did not accept, by what is done about them: try again, wait as told, give up, or stop.",
			"cps", 12,
			expr(rate("carillon_deliver_failed_total", ofSink, "sink", "class")+" > 0", "{{sink}}: {{class}}")).none("none"),
		states("Held back", "When a sink was held back: it accepted nothing, or rejected too much, and one event at a time is tried.", 12, "delivers", "held back",
			expr(maximum("carillon_deliver_held_back", ofSink, "sink", "cause"), "{{sink}}: {{cause}}")),
		lines("In flight", "Events that are with a sink and not answered. At the limit of max_in_flight the sink is what everything waits for.",
			"short", 12,
			expr(total("carillon_deliver_in_flight_events", ofSink, "sink"), "{{sink}}")),
	)
	b.row("Backlog",
		lines("Age of the oldest event that waits", "For how long the oldest event that the sink has not settled has been stored. "+
			"A steady slope of one second per second is a sink that takes nothing.",
			"s", 12, expr(maximum("carillon_deliver_backlog_age_seconds", ofSink, "sink"), "{{sink}}")),
		lines("Events that wait", "Events that the sink has not settled. Growing with a falling age is a peak, with a growing age a sink that is too slow.",
			"short", 12,
			expr(eachPartition("carillon_deliver_backlog_events", ofSink, "sink"), "{{sink}}")),
		lines("Age by partition, the five worst", "One partition that stands while the others move: a meeting that blocks, or an owner in trouble.",
			"s", 12,
			expr("topk(5, "+maximum("carillon_deliver_backlog_age_seconds", ofSink, "sink", "partition")+")", "{{sink}}, partition {{partition}}")),
		lines("Meetings that wait", "Meetings whose next event waits for another attempt, and those that are parked: stuck or long, "+
			"and read again from the journal when their turn comes.", "short", 12,
			expr(total("carillon_deliver_waiting_lanes", ofSink, "sink"), "{{sink}}: waiting"),
			expr(total("carillon_deliver_parked_lanes", ofSink, "sink"), "{{sink}}: parked")),
		lines("Since the last success", "How long ago the sink last accepted an event. Without events it grows as well; with a backlog it should not.",
			"s", 12,
			expr(since("carillon_deliver_last_success_timestamp_seconds", ofSink, "sink"), "{{sink}}")),
		lines("Given up", "Events that became dead letters. carillon dead lists them and sends them again.", "cps", 12,
			expr(rate("carillon_deliver_dead_total", ofSink, "sink"), "{{sink}}")),
	)
	return b.dashboard("carillon-delivery-lag", "Carillon: delivery lag",
		"Whether events reach their sinks in time, what waits, and who is slow. The runbook of the alerts is dashboards/runbook.md.", "now-1h")
}

// perSink repeats a panel for every sink that is chosen.
func perSink(p *Panel) *Panel {
	p.Repeat, p.RepeatDirection, p.MaxPerRow = "sink", "h", 2
	return p
}

func whoIsSlow() *Panel {
	return table("Sinks", "Every sink on one line. A long call says that the far side is slow; a short one with a long lag, that it is held back, "+
		"limited by max_in_flight, or behind.",
		"sink", "Sink", 12, 8,
		column{title: "p99 lag", unit: "s", query: quantile(0.99, lagSeconds, ofSink, "sink"), yellow: 5, red: 10},
		column{title: "p99 call", unit: "s", query: quantile(0.99, "carillon_deliver_write_seconds", ofSink, "sink"), yellow: 1, red: 5},
		column{title: "Accepted", unit: "cps", query: rate("carillon_deliver_delivered_total", ofSink, "sink")},
		column{title: "Not accepted", unit: "cps", query: rate("carillon_deliver_failed_total", ofSink, "sink")},
		column{title: "Waiting", unit: "short", query: eachPartition("carillon_deliver_backlog_events", ofSink, "sink")},
		column{title: "Oldest", unit: "s", query: maximum("carillon_deliver_backlog_age_seconds", ofSink, "sink"), yellow: 30, red: 300},
	)
}
