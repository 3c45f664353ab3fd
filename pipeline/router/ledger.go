package router

import "carillon/pipeline/dedupe"

// ledger returns what the ledgers of all partitions work by. The sources begin to listen about now.
func (r *Router) ledger() dedupe.Settings {
	set := dedupe.Settings{Tolerance: r.setup.Identity.TimeTolerance, Grace: r.set.Grace, Since: r.set.Clock()}
	for _, s := range r.setup.Sources {
		set.Sources = append(set.Sources, dedupe.Source{ID: s.ID, Group: s.Group})
	}
	return set
}
