// Package router starts and stops everything in the right order: journal, sinks, partitions, sources, and the two HTTP
// listeners. It knows no connector: whoever builds the router hands them over.
//
// A stop first ends the sources, so that nothing more is accepted; then waits, within the drain limit, for what is released to
// reach the sinks; then ends the partitions, the sinks and the journal. What is held or not settled by then stays in the
// journal (I7).
package router
