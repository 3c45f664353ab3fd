// Package connectortest holds the suites that every sink and every source passes. A connector writes a driver and calls Sink
// or Source:
//
//	func TestSink(t *testing.T) {
//		connectortest.Sink(t, func(t *testing.T) connectortest.SinkDriver { ... })
//	}
//
//	func TestFaults(t *testing.T) {
//		connectortest.Faults(t, connectortest.FaultDriver{ ... }, connectortest.FaultOptions{})
//	}
//
//	func TestSource(t *testing.T) {
//		connectortest.Source(t, func(t *testing.T) connectortest.SourceDriver { ... })
//	}
//
// Sink holds a sink to the contract of pipeline.Sink and uses it as the stage deliver does: no more events in a Write than
// MaxBatch says, the events of a meeting one after the other, meetings at the same time, Start before the first Write, and
// nothing after Close. It asks the far side, not the sink, what was accepted.
//
// Faults delivers many events of many meetings to a sink while its far side is cut, answers errors at random, answers late and
// is restarted, and asks the far side in the end. Every sink passes it, too. Server and Proxy are far sides to be disturbed.
//
// Source holds a source to the contract of pipeline.Source, in front of an emitter that stores, refuses, fails for some,
// blocks, or never answers. It asks the far side, not the source, what was acknowledged, and the emitter what was stored (I1).
//
// Problems holds what Validate says of a configuration to the keys it has to name.
//
// Nothing is opt-in. A driver that cannot make its far side do something gives the reason in Waived, and a reason that is no
// longer needed fails as well. The suites are themselves tested on sinks and sources that are broken on purpose: each of the
// checks catches at least one of them.
package connectortest
