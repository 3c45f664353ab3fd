package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"carillon/pipeline/simulate"
)

// collector takes the lines of the router's stdout sink and scores them. It is safe for concurrent use.
type collector struct {
	mu       sync.Mutex
	score    *simulate.Score
	distinct map[string]struct{}
	expected int
	lags     []time.Duration // of what came since the last look
}

// line is what the stdout sink writes.
type line struct {
	ID       string          `json:"id"`
	Key      string          `json:"key"`
	Kind     string          `json:"kind"`
	Attendee string          `json:"attendee"`
	Time     time.Time       `json:"time"`
	Received time.Time       `json:"received"`
	Sequence uint64          `json:"sequence"`
	LateMS   *int64          `json:"late_ms"`
	Event    json.RawMessage `json:"event"`
}

// expect says what is to come; nothing may be written before.
func (c *collector) expect(t simulate.Truth, plan []simulate.Delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.score = simulate.NewScore(t, plan, window, tolerance)
	c.distinct = make(map[string]struct{})
	carried := make(map[int]struct{})
	for _, d := range plan {
		if d.Event != simulate.NoEvent {
			carried[d.Event] = struct{}{}
		}
	}
	c.expected = len(carried)
}

// Write takes whole lines.
func (c *collector) Write(p []byte) (int, error) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	for text := range bytes.Lines(p) {
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return 0, fmt.Errorf("reading a line of the sink: %w", err)
		}
		o := simulate.Output{
			ID: l.ID, Key: l.Key, Kind: l.Kind, Attendee: l.Attendee, TimeMS: l.Time.UnixMilli(),
			Sequence: l.Sequence, Received: l.Received, Accepted: now, Body: l.Event,
		}
		if l.LateMS != nil {
			o.Late, o.LateMS = true, *l.LateMS
		}
		c.score.Add(o)
		c.distinct[l.ID] = struct{}{}
		c.lags = append(c.lags, now.Sub(l.Time))
	}
	return len(p), nil
}

// progress returns how many events came out, how many are to come in all, and the median lag since the last call.
func (c *collector) progress() (delivered, expected int, lag time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.lags); n > 0 {
		slices.Sort(c.lags)
		lag = c.lags[n/2]
	}
	c.lags = c.lags[:0]
	return len(c.distinct), c.expected, lag
}

func (c *collector) report(seen simulate.Observed) simulate.Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.score == nil {
		return simulate.Report{}
	}
	return c.score.Report(seen)
}
