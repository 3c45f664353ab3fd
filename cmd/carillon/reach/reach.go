package reach

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// grace is how long a component that does not look at its context is waited for when its time is over.
const grace = time.Second

// Target is one thing to reach.
type Target struct {
	// Path is where it stands in the configuration, such as sinks.audit.
	Path string
	// Check looks; see pipeline.Checker.
	Check func(ctx context.Context) (string, error)
}

// Result is what came of it.
type Result struct {
	// Path is that of the Target.
	Path string `json:"path"`
	// OK tells whether it was reached and is as it should be.
	OK bool `json:"ok"`
	// Found says what was there, if OK.
	Found string `json:"found,omitempty"`
	// Problem says what is missing and what mends it, if not.
	Problem string `json:"problem,omitempty"`
	// Seconds is how long it took.
	Seconds float64 `json:"seconds"`
}

// All looks at every target at the same time, at each for at most timeout, and calls done with each result in the order of the
// targets, as soon as those before it are there. waiting, if it is not nil, is called with the paths that nothing is known of yet,
// whenever they change. It returns the results, in order.
func All(ctx context.Context, targets []Target, timeout time.Duration, done func(Result), waiting func([]string)) []Result {
	results := make([]*Result, len(targets))
	answers := make(chan int)
	var all sync.WaitGroup
	for i, t := range targets {
		all.Go(func() {
			r := one(ctx, t, timeout)
			results[i] = &r
			answers <- i
		})
	}
	go func() { all.Wait(); close(answers) }()
	known := make([]bool, len(targets))
	shown := 0
	out := make([]Result, 0, len(targets))
	for report(targets, known, waiting); shown < len(targets); report(targets, known, waiting) {
		known[<-answers] = true
		for ; shown < len(targets) && known[shown]; shown++ {
			out = append(out, *results[shown])
			done(*results[shown])
		}
	}
	<-answers // closed: everything that was started has ended
	return out
}

func report(targets []Target, known []bool, waiting func([]string)) {
	if waiting == nil {
		return
	}
	var left []string
	for i, t := range targets {
		if !known[i] {
			left = append(left, t.Path)
		}
	}
	waiting(left)
}

// answer is what a Check returned.
type answer struct {
	found string
	err   error
}

func one(ctx context.Context, t Target, timeout time.Duration) Result {
	start := time.Now()
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answers := make(chan answer, 1)
	go func() {
		found, err := t.Check(bounded)
		answers <- answer{found, err}
	}()
	var a answer
	select {
	case a = <-answers:
	case <-bounded.Done():
		late := time.NewTimer(grace)
		defer late.Stop()
		select {
		case a = <-answers:
		case <-late.C:
			a.err = bounded.Err()
		}
	}
	r := Result{Path: t.Path, OK: a.err == nil, Found: a.found, Seconds: time.Since(start).Round(time.Millisecond).Seconds()}
	if a.err != nil {
		r.Found, r.Problem = "", problem(ctx, a.err, timeout)
	}
	return r
}

// problem is an error on one line. Whose time was over says so in words.
func problem(ctx context.Context, err error, timeout time.Duration) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return strings.ReplaceAll(text, context.DeadlineExceeded.Error(), fmt.Sprintf("no answer within %s", timeout))
	}
	return text
}
