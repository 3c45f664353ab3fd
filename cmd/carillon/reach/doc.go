// Package reach sees whether a router would reach all that its configuration names, before it runs: the journal, what sources take
// from and what sinks write to. Every look is that of the component itself (pipeline.Checker) and changes nothing there.
package reach
