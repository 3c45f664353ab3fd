package journal

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// TestClassify is the table of what the server may say and what an append may do next.
func TestClassify(t *testing.T) {
	api := func(code jetstream.ErrorCode) error {
		return fmt.Errorf("publishing: %w", &jetstream.APIError{ErrorCode: code})
	}
	for _, c := range []struct {
		err  error
		want error // nil: the outcome is open
		name string
	}{
		{api(10023), ErrFull, outcomeFull},
		{api(10047), ErrFull, outcomeFull},
		{api(10077), ErrFull, outcomeFull},
		{api(10054), ErrRefused, outcomeRefused},
		{api(10097), ErrRefused, outcomeRefused},
		{api(10176), ErrRefused, outcomeRefused},
		{api(10210), ErrRefused, outcomeRefused},
		{nats.ErrMaxPayload, ErrRefused, outcomeRefused},
		{api(10071), ErrFenced, outcomeFenced},
		{api(10164), ErrFenced, outcomeFenced},
		{api(10008), nil, outcomeUnknown},
		{context.DeadlineExceeded, nil, outcomeUnknown},
		{nats.ErrConnectionClosed, nil, outcomeUnknown},
	} {
		got := classify(c.err)
		require.ErrorIs(t, got, c.err, "the cause stays")
		require.Equal(t, c.name, outcome(got))
		for _, class := range []error{ErrFull, ErrRefused, ErrFenced} {
			require.Equal(t, errors.Is(c.want, class), errors.Is(got, class), "%v is %v", c.err, class)
		}
	}
	require.NoError(t, classify(nil))
	require.Equal(t, outcomeStored, outcome(nil))
}
