package simulate

import "time"

// Published is a disorder profile under the name by which results are quoted.
type Published struct {
	// Name is one word in lower case.
	Name string
	// Profile has everything set; its meetings are the same in all profiles of one seed, but for equal timestamps.
	Profile Profile
}

const (
	// publishedMeetings gives about 37,000 events.
	publishedMeetings = 500
	// publishedDuration leaves room for the longest meeting without running life faster.
	publishedDuration = 4 * time.Hour
	// publishedRepeat is the mean time after which a path delivers again.
	publishedRepeat = 30 * time.Second
	// silence is how long a path of the outage profile carries nothing.
	silence = 10 * time.Minute
	// wrongClock is by how much the local clock of the skewed profile is ahead.
	wrongClock = 5 * time.Second
)

// Profiles returns the five disorder profiles that results are published for, in the order of the tables: 500 meetings of 2
// to 8 people that last 5 minutes to an hour and start within less than three hours, life at its own speed, and no rubbish.
// All delays are log-normal, all draws of the three paths independent.
//
//   - calm: median 150 ms, 99th percentile 600 ms; 0.1 % lost, 0.5 % repeated.
//   - aws: 400 ms and 3 s, EventBridge slower by half; 0.5 % lost, 2 % repeated.
//   - storm: 1 s and 30 s; 5 % lost, 20 % repeated.
//   - outage: aws, and once in the run SQS is silent for ten minutes, then delivers its backlog at once in random order.
//   - skewed: aws, and the clock of the router is ahead of that of the events by 5 s, so that everything seems to take 5 s
//     longer; three events in ten take the timestamp of the event before them.
func Profiles(seed uint64, start time.Time) []Published {
	aws := published(seed, start, awsPaths(0))
	outage := published(seed, start, awsPaths(0))
	outage.Paths[0].StallEvery, outage.Paths[0].StallLength = publishedDuration, silence
	skewed := published(seed, start, awsPaths(wrongClock))
	skewed.EqualTimestamps = 0.3
	calm := PathProfile{Median: 150 * time.Millisecond, P99: 600 * time.Millisecond, Loss: 0.001, Repeat: 0.005}
	storm := PathProfile{Median: time.Second, P99: 30 * time.Second, Loss: 0.05, Repeat: 0.2}
	return []Published{
		{"calm", published(seed, start, alike(calm))},
		{"aws", aws},
		{"storm", published(seed, start, alike(storm))},
		{"outage", outage},
		{"skewed", skewed},
	}
}

// published is the part that all profiles share.
func published(seed uint64, start time.Time, paths []PathProfile) Profile {
	return Profile{
		Seed:            seed,
		Start:           start.Truncate(time.Millisecond),
		Meetings:        publishedMeetings,
		Attendees:       Range{Min: 2, Max: 8},
		Length:          Span{Min: 5 * time.Minute, Max: time.Hour},
		Duration:        publishedDuration,
		StartSpread:     0.7,
		EqualTimestamps: 0.02,
		Paths:           paths,
	}
}

// alike returns three paths that behave like p.
func alike(p PathProfile) []PathProfile {
	p.RepeatAfter = publishedRepeat
	paths := make([]PathProfile, 0, 3)
	for _, name := range []Path{PathSQS, PathSNS, PathEventBridge} {
		p.Path = name
		paths = append(paths, p)
	}
	return paths
}

// awsPaths returns the paths of the aws profile with skew on each.
func awsPaths(skew time.Duration) []PathProfile {
	paths := alike(PathProfile{Median: 400 * time.Millisecond, P99: 3 * time.Second, Skew: skew, Loss: 0.005, Repeat: 0.02})
	bus := &paths[2]
	bus.Median, bus.P99 = bus.Median*3/2, bus.P99*3/2
	return paths
}
