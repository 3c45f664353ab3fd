// Package bench measures a whole router in this process against what its journal allows at all.
//
// Throughput runs slices of equal notifications in turn through the router (ingest, RAW, dedupe, order, EVENTS, a sink that
// does nothing) and through the bare ceiling: the same bytes through the same JetStream operations with the same fsyncs,
// without parsing, dedupe, order or metrics, on a server of its own. Only one of the two has work at any time, so the ratio of a
// pair of slices says what the router itself costs, whatever the machine is doing.
//
// Latency sends events at a fixed rate, in order, and measures from the moment the first copy was due to the acceptance by the
// sink, for every order mode. Memory measures the heap that an active meeting and a remembered event keep, and the read of a
// cold meeting. Scale repeats a short throughput with ever more meetings. The frontier holds events out of order against added
// latency on published disorder profiles; it has a simulated clock and no journal, so it gives the same figures everywhere.
//
// A source is measured instead of all that when the options name one: it drains a queue of an emulator into a real journal, in
// turn with a bare loop that receives and deletes with the same SDK, pollers and batches. What is sent goes there and nowhere else.
//
// So is a sink when they name one. Slices of equal events go from EVENTS of a real journal through deliver and the sink with its
// default settings to a far side on this machine, in turn with two bare loops that use the same client library, batches as large and
// as many calls at once, and wait for no answer but those of a batch. One sends the same bytes from memory, which is all that the
// client and the far side allow. The other one reads EVENTS first, as the delivery must; what the delivery takes longer than that is
// the price of lanes, order, retries and metrics.
//
// Everything written goes to temporary directories that are removed at the end. Nothing outside this machine is reached, save the
// emulator or database that the options name.
package bench
