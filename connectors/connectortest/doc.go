// Package connectortest holds the suite that every sink passes. A connector writes a driver and calls Sink:
//
//	func TestSink(t *testing.T) {
//		connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver { ... })
//	}
//
// The suite holds a sink to the contract of pipeline.Sink and uses it as the stage deliver does: no more events in a Write
// than MaxBatch says, the events of a meeting one after the other, meetings at the same time, Start before the first Write,
// and nothing after Close. It asks the far side, not the sink, what was accepted.
//
// Nothing is opt-in. A driver that cannot make its far side do something gives the reason in Waived, and a reason that is no
// longer needed fails as well. The suite is itself tested on sinks that are broken on purpose: each of its checks catches
// at least one of them.
package connectortest
