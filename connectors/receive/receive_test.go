package receive_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"carillon/connectors/receive"
	"carillon/pipeline/pipelinetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestGateIsClosedBeforeAndAfterRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gate receive.Gate
		_, _, ok := gate.Enter()
		require.False(t, ok)

		ctx, cancel := context.WithCancel(t.Context())
		out := &pipelinetest.Emitter{}
		done := make(chan struct{})
		go func() {
			defer close(done)
			gate.Run(ctx, out)
		}()
		synctest.Wait()
		got, leave, ok := gate.Enter()
		require.True(t, ok)
		require.Same(t, out, got)

		cancel()
		synctest.Wait()
		_, _, ok = gate.Enter()
		require.False(t, ok, "nothing enters after the end")
		select {
		case <-done:
			require.Fail(t, "Run returned with a request in hand")
		default:
		}
		leave()
		<-done
	})
}

func post(body io.Reader, length int64) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", body)
	r.ContentLength = length
	return r
}

func TestBodiesOfAnySizeUpToTheLimit(t *testing.T) {
	const limit = 100_000
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(rapid.IntRange(0, 64), rapid.IntRange(0, limit), rapid.Just(limit), rapid.Just(16<<10)).Draw(t, "size")
		announced := rapid.Bool().Draw(t, "announced")
		want := bytes.Repeat([]byte("chime"), size/5+1)[:size]
		length := int64(-1)
		if announced {
			length = int64(size)
		}
		bodies := receive.NewBodies(limit, 4*limit)
		got, release, err := bodies.Read(httptest.NewRecorder(), post(bytes.NewReader(want), length))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got))
		release()
	})
}

func TestTooLargeWhetherAnnouncedOrNot(t *testing.T) {
	bodies := receive.NewBodies(1000, 64<<10)
	for _, length := range []int64{1001, -1, 1} {
		_, release, err := bodies.Read(httptest.NewRecorder(), post(strings.NewReader(strings.Repeat("x", 1001)), length))
		require.ErrorIs(t, err, receive.ErrTooLarge)
		release()
	}
}

func TestMemoryOfAllBodiesIsBoundedAndGivenBack(t *testing.T) {
	const size = 40_000
	bodies := receive.NewBodies(64<<10, 128<<10)
	read := func() (func(), error) {
		_, release, err := bodies.Read(httptest.NewRecorder(), post(strings.NewReader(strings.Repeat("x", size)), size))
		return release, err
	}
	first, err := read()
	require.NoError(t, err)
	second, err := read()
	require.NoError(t, err)
	third, err := read()
	require.ErrorIs(t, err, receive.ErrBusy)
	third()
	first()
	again, err := read()
	require.NoError(t, err)
	again()
	second()
	for range 100 {
		release, err := read()
		require.NoError(t, err, "memory leaked away")
		release()
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestBodyCutOff(t *testing.T) {
	bodies := receive.NewBodies(1000, 64<<10)
	_, release, err := bodies.Read(httptest.NewRecorder(), post(brokenReader{}, 10))
	require.ErrorIs(t, err, receive.ErrCutOff)
	release()
}

// TestSlowBodyEndsAtTheDeadline sends half a body over a real connection and then nothing.
func TestSlowBodyEndsAtTheDeadline(t *testing.T) {
	bodies := receive.NewBodies(1000, 64<<10)
	got := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 50*time.Millisecond)
		defer cancel()
		receive.Bound(w, r.WithContext(ctx))
		_, release, err := bodies.Read(w, r)
		release()
		got <- err
		receive.Answer(w, http.StatusServiceUnavailable)
	}))
	defer server.Close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	_, err = fmt.Fprint(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhello")
	require.NoError(t, err)
	require.ErrorIs(t, <-got, receive.ErrCutOff)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.NoError(t, resp.Body.Close())
}

// TestBoundEndsWithTheBody holds a request beyond the deadline its body was read under: its context must live on.
func TestBoundEndsWithTheBody(t *testing.T) {
	bodies := receive.NewBodies(1000, 64<<10)
	got := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 50*time.Millisecond)
		defer cancel()
		receive.Bound(w, r.WithContext(ctx))
		_, release, err := bodies.Read(w, r)
		defer release()
		if err == nil {
			select {
			case <-r.Context().Done():
				err = r.Context().Err()
			case <-time.After(150 * time.Millisecond):
			}
		}
		got <- err
	}))
	defer server.Close()
	resp, err := server.Client().Post(server.URL, "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.NoError(t, <-got)
}

func TestCheckPath(t *testing.T) {
	for _, good := range []string{"/sns", "/a/b-c_d.e~f", "/v1.0/hook"} {
		require.NoError(t, receive.CheckPath(good), good)
	}
	for _, bad := range []string{
		"", "/", "sns", "/sns/", "//sns", "/a b", "/{x}", "/a?b", "/a#b", "/../a", "/a/.", "/é", "/" + strings.Repeat("a", 256), "GET /a",
	} {
		require.Error(t, receive.CheckPath(bad), bad)
	}
}

func TestRepeatsAreThinned(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	r := receive.NewRepeats(time.Minute)
	next := func(after time.Duration, key string) (int, bool) { return r.Next(now.Add(after), key) }
	count, write := next(0, "a")
	require.True(t, write)
	require.Equal(t, 1, count)
	_, write = next(59*time.Second, "a")
	require.False(t, write)
	_, write = next(59*time.Second, "b")
	require.True(t, write, "another key has its own interval")
	count, write = next(time.Minute, "a")
	require.True(t, write)
	require.Equal(t, 2, count)
	_, write = next(-time.Hour, "a")
	require.True(t, write, "a clock step back must not silence")
}
