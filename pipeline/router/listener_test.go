package router

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestShortConnections sends as an API destination does: HTTP/1.1, a handshake and Connection: close for each event.
func TestShortConnections(t *testing.T) {
	const senders, each = 16, 125
	files, pool := pair(t, t.TempDir(), 1, time.Now().Add(time.Hour))
	for name, setup := range map[string]struct {
		tls    TLSConfig
		scheme string
	}{"plain": {TLSConfig{}, "http"}, "tls": {files, "https"}} {
		t.Run(name, func(t *testing.T) {
			var served atomic.Int32
			d := newDoor(t, HTTPConfig{TLS: setup.tls}, map[string]http.HandlerFunc{"bus": func(w http.ResponseWriter, r *http.Request) {
				if _, err := io.Copy(io.Discard, r.Body); err == nil && r.Proto == "HTTP/1.1" && r.Close {
					served.Add(1)
				}
				answer(w, http.StatusOK)
			}})
			d.open(t)
			client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{
				DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool},
			}}
			var good atomic.Int32
			var all sync.WaitGroup
			begin := time.Now()
			for range senders {
				all.Go(func() {
					for range each {
						if post(t.Context(), client, setup.scheme+"://"+d.listening()+"/bus") == http.StatusOK {
							good.Add(1)
						}
					}
				})
			}
			all.Wait()
			t.Logf("%.0f connections a second", senders*each/time.Since(begin).Seconds())
			require.EqualValues(t, senders*each, good.Load())
			require.EqualValues(t, senders*each, served.Load())
			require.Equal(t, senders*each, d.value(t, "carillon_http_connections_total", "accepted"))
			require.Equal(t, 0, d.value(t, "carillon_http_connections_total", "refused"))
			require.Eventually(t, func() bool { return d.value(t, "carillon_http_connections_open") == 0 }, 20*time.Second, time.Millisecond)
		})
	}
}

func post(ctx context.Context, client *http.Client, url string) int {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{"detail":{}}`))
	if err != nil {
		return 0
	}
	resp, err := client.Do(r)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return resp.StatusCode
}

func TestHTTP2OverTLS(t *testing.T) {
	files, pool := pair(t, t.TempDir(), 1, time.Now().Add(time.Hour))
	var proto atomic.Value
	d := newDoor(t, HTTPConfig{TLS: files}, map[string]http.HandlerFunc{"bus": func(w http.ResponseWriter, r *http.Request) {
		proto.Store(r.Proto)
		answer(w, http.StatusOK)
	}})
	d.open(t)
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	require.Equal(t, http.StatusOK, post(t.Context(), &http.Client{Transport: transport}, "https://"+d.listening()+"/bus"))
	require.Equal(t, "HTTP/2.0", proto.Load())
}

// raw sends text over a connection of its own and returns the answer.
func (d *door) raw(t *testing.T, text string) (status int, body string) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", d.listening())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, text)
	require.NoError(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode, string(b)
}

func TestLimitsOfRequests(t *testing.T) {
	d := newDoor(t, HTTPConfig{}, map[string]http.HandlerFunc{"sns": fine})
	d.open(t)
	status, _ := d.raw(t, "POST /sns HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("x", 40<<10)+"\r\n\r\n")
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, status)
	status, body := d.raw(t, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
	require.Equal(t, http.StatusNotFound, status, "nobody is told what there is")
	require.Equal(t, "Not Found\n", body)
	status, _ = d.raw(t, "POST /sns HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n")
	require.Equal(t, http.StatusOK, status)
	status, _ = d.raw(t, "hello\r\n\r\n")
	require.Equal(t, http.StatusBadRequest, status)
}

// TestConnectionsAreBounded opens more connections than there may be. Those that are too many are closed at once, and when
// some of the others end there is room again.
func TestConnectionsAreBounded(t *testing.T) {
	d := newDoor(t, HTTPConfig{MaxInFlight: 2}, map[string]http.HandlerFunc{"sns": fine})
	d.open(t)
	const limit = 2 * connectionsPerRequest
	conns := make([]net.Conn, limit)
	for i := range conns {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", d.listening())
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		conns[i] = conn
	}
	opened := func(n int) func() bool {
		return func() bool { return d.value(t, "carillon_http_connections_open") == n }
	}
	require.Eventually(t, opened(limit), 20*time.Second, time.Millisecond)
	for range 5 {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", d.listening())
		require.NoError(t, err)
		require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
		_, err = conn.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF, "closed at once")
		require.NoError(t, conn.Close())
	}
	require.Equal(t, 5, d.value(t, "carillon_http_connections_total", "refused"))
	require.Equal(t, limit, d.value(t, "carillon_http_connections_total", "accepted"))
	for _, conn := range conns[:4] {
		require.NoError(t, conn.Close())
	}
	require.Eventually(t, opened(limit-4), 20*time.Second, time.Millisecond)
	status, _ := d.raw(t, "POST /sns HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	require.Equal(t, http.StatusOK, status)
}

func TestStopWaitsForRequestsInHand(t *testing.T) {
	entered, goOn := make(chan struct{}), make(chan struct{})
	d := newDoor(t, HTTPConfig{}, map[string]http.HandlerFunc{"sns": func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-goOn
		answer(w, http.StatusOK)
	}})
	require.NoError(t, d.start(t.Context()))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	status := make(chan int, 1)
	go func() { status <- post(context.WithoutCancel(t.Context()), client, "http://"+d.listening()+"/sns") }()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- d.stop(context.WithoutCancel(t.Context())) }()
	require.Eventually(t, func() bool {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", d.listening())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, 20*time.Second, time.Millisecond, "nothing new is taken")
	require.Empty(t, stopped)
	close(goOn)
	require.Equal(t, http.StatusOK, <-status)
	require.NoError(t, <-stopped)
}

func TestAddressInUse(t *testing.T) {
	d := newDoor(t, HTTPConfig{}, map[string]http.HandlerFunc{"sns": fine})
	d.open(t)
	again := newDoor(t, HTTPConfig{}, map[string]http.HandlerFunc{"sns": fine})
	again.addr = d.listening()
	require.ErrorContains(t, again.start(t.Context()), fmt.Sprintf("listening on %s: ", d.listening()))
}
