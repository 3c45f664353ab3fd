package sqs

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// hurried is a body that is closed while net/http still reads it, as the SDK's is when the answer comes early.
type hurried struct {
	io.Reader

	closed bool
}

func (h *hurried) Close() error {
	h.closed = true
	return nil
}

// roundTrip is a transport in code.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A request goes out with a body that nothing the SDK does can change any more, and what the SDK gave is not changed.
func TestBodiesAreWholeBeforeTheyGo(t *testing.T) {
	body := &hurried{Reader: strings.NewReader(`{"QueueUrl":"q"}`)}
	given := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", body)
	given.ContentLength = 16
	resp, err := WholeBodies(roundTrip(func(r *http.Request) (*http.Response, error) {
		require.True(t, body.closed, "a transport closes what it was given")
		require.NotSame(t, given, r)
		require.EqualValues(t, 16, r.ContentLength)
		got, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.JSONEq(t, `{"QueueUrl":"q"}`, string(got))
		return &http.Response{Body: http.NoBody}, nil
	})).RoundTrip(given)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Same(t, body, given.Body)
}

func TestRequestWithoutABodyGoesAsItIs(t *testing.T) {
	for _, body := range []io.ReadCloser{nil, http.NoBody} {
		given := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/", http.NoBody)
		given.Body = body
		resp, err := WholeBodies(roundTrip(func(r *http.Request) (*http.Response, error) {
			require.Same(t, given, r)
			return &http.Response{Body: http.NoBody}, nil
		})).RoundTrip(given)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
}

func TestBodyThatCannotBeReadIsAnError(t *testing.T) {
	broken := errors.New("broken")
	given := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/", iotest.ErrReader(broken))
	_, err := WholeBodies(roundTrip(func(*http.Request) (*http.Response, error) {
		require.Fail(t, "it went out")
		return &http.Response{Body: http.NoBody}, nil
	})).RoundTrip(given) //nolint:bodyclose // there is none
	require.ErrorIs(t, err, broken)
}
