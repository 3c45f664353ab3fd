package awslocal

import "sync/atomic"

// Stats counts what became of deliveries since Start.
type Stats struct {
	// SNS counts deliveries to http, https and sqs endpoints, confirmations included.
	SNS DeliveryStats
	// EventBridge counts deliveries to API destinations and queues.
	EventBridge DeliveryStats
	// Backlog is how many HTTP deliveries are pending now, those that wait for their next attempt included.
	Backlog int
	// Running is how many of them are being attempted now.
	Running int
}

// DeliveryStats counts the deliveries of one service.
type DeliveryStats struct {
	// Delivered is how many the far side accepted (for SNS: answered with a status below 500).
	Delivered uint64
	// Retried is how many attempts were made after a first one.
	Retried uint64
	// Dropped is how many were given up for good.
	Dropped uint64
	// DeadLettered is how many were given up and put into a dead-letter queue.
	DeadLettered uint64
}

type counters struct{ sns, bus deliveryCounters }

type deliveryCounters struct{ delivered, retried, dropped, deadLettered atomic.Uint64 }

func (c *deliveryCounters) read() DeliveryStats {
	return DeliveryStats{
		Delivered: c.delivered.Load(), Retried: c.retried.Load(), Dropped: c.dropped.Load(),
		DeadLettered: c.deadLettered.Load(),
	}
}

// Stats returns the counts so far.
func (s *Server) Stats() Stats {
	backlog, running := s.dispatcher.load()
	return Stats{SNS: s.stats.sns.read(), EventBridge: s.stats.bus.read(), Backlog: backlog, Running: running}
}
