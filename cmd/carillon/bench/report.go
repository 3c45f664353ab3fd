package bench

// Report is what a run measured. Parts that did not run are absent from its JSON.
type Report struct {
	Machine Machine `json:"machine"`
	*Throughput
	// Latency is by order mode.
	Latency map[string]Quantiles `json:"latency_ms,omitempty"`
	// LatencyRate is how many events per second there were meanwhile, each in three copies.
	LatencyRate int `json:"latency_events_per_s,omitempty"`
	*Memory
	Scale    []ScaleRow    `json:"scale,omitempty"`
	Frontier []FrontierRow `json:"frontier,omitempty"`
	Source   *SourceReport `json:"source,omitempty"`
	Sink     *SinkReport   `json:"sink,omitempty"`
	// RSSPeakMB is the highest resident set of the process over the whole run, the bench's own stock and the ceiling's server
	// included; 0 where the system does not tell.
	RSSPeakMB float64 `json:"rss_peak_mb"`
	// RSSMB is the highest resident set during each part.
	RSSMB map[string]float64 `json:"rss_mb"`
}

// Machine is what the figures depend on beside the code.
type Machine struct {
	CPUs int    `json:"cpus"`
	Go   string `json:"go"`
	OS   string `json:"os"`
	Arch string `json:"arch"`
	// FsyncMS is the median time of a 4 KiB write with fsync in the directory that the journals were in.
	FsyncMS float64 `json:"fsync_ms"`
	Seed    uint64  `json:"seed"`
}

// Throughput is the median over the slices. A notification is one copy of an event; every event has three.
type Throughput struct {
	Notifications float64 `json:"notifications_per_s"`
	Events        float64 `json:"events_per_s"`
	Ceiling       float64 `json:"ceiling_notifications_per_s"`
	// Ratio is the median of the ratios of the pairs of slices, RatioLow and RatioHigh the lowest and highest of them.
	Ratio     float64 `json:"ratio"`
	RatioLow  float64 `json:"ratio_low"`
	RatioHigh float64 `json:"ratio_high"`
	// CPU is user and system time of the process per notification, in microseconds.
	CPU        float64 `json:"cpu_us_per_notification"`
	CeilingCPU float64 `json:"ceiling_cpu_us_per_notification"`
	// PerCommit is how many messages share one commit (an atomic batch or a plain publish, one fsync), over RAW and EVENTS.
	PerCommit        float64 `json:"messages_per_commit"`
	CeilingPerCommit float64 `json:"ceiling_messages_per_commit"`
	// Pairs is how many pairs of slices there were, SliceNotifications how many notifications each slice had.
	Pairs              int `json:"pairs"`
	SliceNotifications int `json:"slice_notifications"`
	// BodyBytes is the mean size of a body.
	BodyBytes  float64 `json:"body_bytes"`
	Partitions int     `json:"partitions"`
	// CeilingPartitions is how many the ceiling had: one is the fastest.
	CeilingPartitions int `json:"ceiling_partitions"`
	// Mode and WindowMS are those of order.
	Mode     string  `json:"mode"`
	WindowMS float64 `json:"window_ms"`
}

// Quantiles describe a distribution of times in milliseconds, by nearest rank.
type Quantiles struct {
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// Memory is the heap that the pure stages keep; the sequencer's own bookkeeping and the journal's are not in it.
type Memory struct {
	// BytesPerMeeting is what order and dedupe keep for a meeting nothing of which is held, without the remembered events.
	BytesPerMeeting float64 `json:"bytes_per_active_meeting"`
	// BytesPerEvent is what dedupe keeps for each event of an active meeting.
	BytesPerEvent float64 `json:"bytes_per_remembered_event"`
	// ColdLoad is the time to read the history of a meeting from EVENTS.
	ColdLoad Quantiles `json:"cold_meeting_load_ms"`
	// ColdEvents is how many events such a history has on average.
	ColdEvents float64 `json:"cold_meeting_events"`
}

// ScaleRow is throughput with a number of active meetings, whose events come at random.
type ScaleRow struct {
	Meetings int `json:"meetings"`
	// InMemory is how many of them the router's limits let stay in memory; the others are read back from EVENTS.
	InMemory      int     `json:"in_memory"`
	Notifications float64 `json:"notifications_per_s"`
	CPU           float64 `json:"cpu_us_per_notification"`
	CPUPerEvent   float64 `json:"cpu_us_per_event"`
	RSSMB         float64 `json:"rss_mb"`
}

// FrontierRow is one order setting on one disorder profile: means over the seeds, and the worst of them.
type FrontierRow struct {
	Profile string `json:"profile"`
	Mode    string `json:"mode"`
	// WindowMS is 0 for a mode without a fixed window.
	WindowMS float64 `json:"window_ms"`
	// Inversions came out after an event of their meeting with a later timestamp.
	Inversions      float64 `json:"inversions_per_million"`
	InversionsWorst float64 `json:"inversions_per_million_worst"`
	// Violations came out before an event of the same attendee that must come before them.
	Violations      float64 `json:"lifecycle_violations_per_million"`
	ViolationsWorst float64 `json:"lifecycle_violations_per_million_worst"`
	// Unseen of the violations nobody could have seen who knows only what had come out before: swaps of whole pairs. Mode causal
	// is to have no more violations than mode time has, but for these.
	Unseen float64 `json:"unseen_swaps_per_million"`
	// Late were marked late; Unjustified, of all seeds together, had no cause: nothing that they precede had been held for its
	// window when they came, or, in mode causal, nothing that must come after them had left.
	Late        float64 `json:"late_per_million"`
	Unjustified int     `json:"late_unjustified"`
	// Added is the time from the first copy of an event to its release.
	Added AddedLatency `json:"added_latency_ms"`
	// Events is how many there were in all seeds together.
	Events int `json:"events"`
	Seeds  int `json:"seeds"`
}

// AddedLatency is in milliseconds: P50 and P99 are means over the seeds, Max is the highest of all.
type AddedLatency struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}
