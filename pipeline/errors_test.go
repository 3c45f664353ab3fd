package pipeline_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

func TestClassify(t *testing.T) {
	cause := errors.New("cause")
	for _, c := range []struct {
		err   error
		class pipeline.Class
		wait  time.Duration
	}{
		{cause, pipeline.ClassRetry, 0},
		{pipeline.Throttle(cause, time.Minute), pipeline.ClassThrottle, time.Minute},
		{pipeline.Reject(cause), pipeline.ClassReject, 0},
		{fmt.Errorf("writing: %w", pipeline.Fatal(cause)), pipeline.ClassFatal, 0},
	} {
		class, wait := pipeline.Classify(c.err)
		require.Equal(t, c.class, class)
		require.Equal(t, c.wait, wait)
		require.ErrorIs(t, c.err, cause)
	}
	require.Equal(t, "retry throttle reject fatal", fmt.Sprint(pipeline.ClassRetry, pipeline.ClassThrottle, pipeline.ClassReject, pipeline.ClassFatal))
}

func TestFailedAt(t *testing.T) {
	one, two := errors.New("one"), errors.New("two")
	batch := &pipeline.BatchError{Failed: []pipeline.IndexError{{Index: 1, Err: one}, {Index: 3, Err: two}, {Index: 9, Err: two}}}
	require.Equal(t, []error{nil, nil, nil}, pipeline.FailedAt(nil, 3))
	require.Equal(t, []error{one, one}, pipeline.FailedAt(one, 2))
	require.Equal(t, []error{nil, one, nil, two}, pipeline.FailedAt(fmt.Errorf("writing: %w", batch), 4))
	require.ErrorIs(t, batch, two)
	require.Contains(t, batch.Error(), "3 of the batch failed, first at 1: one")
}

type answer string

func (answer) Error() string { return "answered 400" }

func (a answer) Excerpt() string { return string(a) }

func TestExcerpt(t *testing.T) {
	require.Equal(t, "no such field", pipeline.Excerpt(fmt.Errorf("posting: %w", pipeline.Reject(answer("no such field")))))
	require.Empty(t, pipeline.Excerpt(errors.New("answered 400")))
	require.Empty(t, pipeline.Excerpt(nil))
}
