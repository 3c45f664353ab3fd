package simulate

import (
	"maps"
	"math"
	"slices"
	"time"
)

// Report is the outcome of a run. Everything counts distinct events of the truth unless it says otherwise.
type Report struct {
	// Meetings is how many have at least one event that a path carried.
	Meetings int `json:"meetings"`
	// Events were carried by at least one path.
	Events int `json:"events"`
	// Notifications is how many deliveries the plan has: copies, repeats and rubbish included.
	Notifications int `json:"notifications"`
	// Witnesses is how many copies the router recognised; from Observed.
	Witnesses int `json:"witnesses"`
	// Quarantined is how many distinct bodies the router put into quarantine, from Observed, and how many the plan has for it.
	Quarantined         int `json:"quarantined"`
	ExpectedQuarantined int `json:"expected_quarantined"`
	// Filtered is how many notifications the router filtered, from Observed, and how many the plan has for that. OK does
	// not depend on it: what is filtered by mistake is lost, and what is not filtered is unknown or in quarantine.
	Filtered         int `json:"filtered"`
	ExpectedFiltered int `json:"expected_filtered"`
	// Delivered came out at least once.
	Delivered int `json:"delivered"`
	// Redelivered counts the outputs that repeat an earlier one with the same id and sequence. They are allowed.
	Redelivered int `json:"redelivered"`
	// Lost were carried and never came out.
	Lost int `json:"lost"`
	// Duplicated counts the outputs of an event that came out before under another id or sequence.
	Duplicated int `json:"duplicated"`
	// Misordered counts the outputs that are not marked late and come after one that they must precede, and those whose
	// sequence overtook or skipped another in its key.
	Misordered int `json:"misordered"`
	// Late were marked late, at most by LateMaxMS milliseconds; LateUnjustified of them had arrived in time.
	Late            int   `json:"late"`
	LateMaxMS       int64 `json:"late_max_ms"`
	LateUnjustified int   `json:"late_unjustified"`
	// Unknown counts the outputs that match no event which a path carried.
	Unknown int `json:"unknown"`
	// Mislabelled came out with a kind, attendee, time or key that is not theirs.
	Mislabelled int `json:"mislabelled"`
	// Inversions came out after an event of their meeting with a higher timestamp, late ones included.
	Inversions int `json:"inversions"`
	// LifecycleViolations came out before an event that the life of their subject has before them, such as Joined before
	// Added, late ones included.
	LifecycleViolations int `json:"lifecycle_violations"`
	// ReceivedBySource is how many notifications each source received; from Observed.
	ReceivedBySource map[string]int `json:"received_by_source"`
	// LagMS is the time from the first copy at the router to the acceptance by the sink.
	LagMS Lag `json:"lag_ms"`
	// OK is Passed at the time of Score.Report.
	OK bool `json:"ok"`
}

// Lag is a distribution of times in milliseconds, by nearest rank; 0 when nothing was delivered.
type Lag struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Observed is what only the router can tell.
type Observed struct {
	Witnesses, Quarantined, Filtered int
	ReceivedBySource                 map[string]int
}

// Report judges what was added so far. It changes nothing: more outputs and another Report may follow.
func (s *Score) Report(seen Observed) Report {
	rep := s.tally
	rep.Witnesses, rep.Quarantined, rep.Filtered = seen.Witnesses, seen.Quarantined, seen.Filtered
	rep.ReceivedBySource = maps.Clone(seen.ReceivedBySource)
	if rep.ReceivedBySource == nil {
		rep.ReceivedBySource = map[string]int{}
	}
	rep.Lost = rep.Events - rep.Delivered
	for m := range s.truth.Meetings {
		s.review(&rep, m)
	}
	rep.LagMS = s.lag()
	rep.OK = rep.Passed()
	return rep
}

// Passed says whether everything came out once, in order and rightly labelled, nothing else did, and the quarantine holds
// what it should. A run in which no path carried anything proves nothing and has not passed.
func (r Report) Passed() bool {
	wrong := r.Lost + r.Duplicated + r.Misordered + r.LateUnjustified + r.Unknown + r.Mislabelled
	return r.Events > 0 && wrong == 0 && r.Quarantined == r.ExpectedQuarantined
}

func (s *Score) lag() Lag {
	var lags []time.Duration
	for _, events := range s.delivered {
		for _, i := range events {
			first := &s.sights[i].first
			lags = append(lags, first.Accepted.Sub(first.Received))
		}
	}
	slices.Sort(lags)
	return Lag{P50: quantile(lags, 0.5), P99: quantile(lags, 0.99), Max: quantile(lags, 1)}
}

// quantile returns the q-quantile of sorted in milliseconds to the microsecond.
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(q*float64(len(sorted)))) - 1
	return float64(sorted[max(rank, 0)].Microseconds()) / 1000
}
