package receivetest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	// defaultDepth is how many requests are sent before the first answer is read.
	defaultDepth = 16
	// patience bounds each read and write.
	patience = 30 * time.Second
	// glance is how long a broken request may wait for an answer that need not come.
	glance = 200 * time.Millisecond
)

// Flood sends requests as bytes, so that they may be anything.
type Flood struct {
	// Addr is host:port of the receiver, without TLS.
	Addr string
	// Connections is how many are open at once.
	Connections int
	// Depth is how many requests Send writes to a connection before it reads the first answer, as no client of AWS does.
	// 0 means 16.
	Depth int
}

// Tally is the number of answers by status; 0 stands for none.
type Tally map[int]int

// Total is the number of requests.
func (t Tally) Total() int {
	n := 0
	for _, count := range t {
		n += count
	}
	return n
}

// Send sends n requests that are well-formed HTTP, made by next, over connections that are kept, and fails the test unless
// each is answered. next is called concurrently.
func (f Flood) Send(tb testing.TB, n int, next func(*rand.Rand) []byte) Tally {
	tb.Helper()
	return f.each(tb, n, func(share int, r *rand.Rand, tally Tally) error {
		s := &stream{addr: f.Addr}
		defer s.close()
		for sent := 0; sent < share; {
			batch := make([][]byte, min(cmp.Or(f.Depth, defaultDepth), share-sent))
			for i := range batch {
				batch[i] = next(r)
			}
			if err := s.exchange(batch, tally); err != nil {
				return err
			}
			sent += len(batch)
		}
		return nil
	})
}

// Break sends n byte strings that need not be HTTP, each over its own connection, and takes whatever comes back.
func (f Flood) Break(tb testing.TB, n int, next func(*rand.Rand) []byte) Tally {
	tb.Helper()
	return f.each(tb, n, func(share int, r *rand.Rand, tally Tally) error {
		for range share {
			status, err := f.breakOne(next(r))
			if err != nil {
				return err
			}
			tally[status]++
		}
		return nil
	})
}

func (f Flood) breakOne(raw []byte) (status int, err error) {
	conn, err := dial(f.Addr)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(glance))
	if _, err := conn.Write(raw); err != nil {
		return 0, nil // the receiver may hang up on what it does not like
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, nil
	}
	_ = resp.Body.Close()
	return resp.StatusCode, nil
}

func dial(addr string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return conn, nil
}

// each divides n over the connections.
func (f Flood) each(tb testing.TB, n int, work func(share int, r *rand.Rand, tally Tally) error) Tally {
	tb.Helper()
	total, errs := Tally{}, make([]error, f.Connections)
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range f.Connections {
		share := n / f.Connections
		if i < n%f.Connections {
			share++
		}
		all.Go(func() {
			tally := Tally{}
			errs[i] = work(share, rand.New(rand.NewPCG(uint64(n), uint64(i))), tally) //nolint:gosec // repeatable on purpose
			mu.Lock()
			defer mu.Unlock()
			for status, count := range tally {
				total[status] += count
			}
		})
	}
	all.Wait()
	require.NoError(tb, errors.Join(errs...))
	return total
}

// stream is one connection that is opened again when the receiver closed it.
type stream struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
}

func (s *stream) close() {
	if s.conn != nil {
		_ = s.conn.Close()
	}
	s.conn = nil
}

func (s *stream) open() error {
	if s.conn != nil {
		return nil
	}
	conn, err := dial(s.addr)
	if err != nil {
		return err
	}
	s.conn, s.in = conn, bufio.NewReader(conn)
	return nil
}

// exchange sends batch and reads an answer for each. What follows an answer that closes the connection was not looked at
// and is sent again.
func (s *stream) exchange(batch [][]byte, tally Tally) error {
	for len(batch) > 0 {
		answered, err := s.once(batch, tally)
		if err != nil && answered == 0 {
			return err
		}
		batch = batch[answered:]
	}
	return nil
}

func (s *stream) once(batch [][]byte, tally Tally) (answered int, err error) {
	if err := s.open(); err != nil {
		return 0, err
	}
	_ = s.conn.SetDeadline(time.Now().Add(patience))
	written := make(chan struct{})
	go func(conn net.Conn) {
		defer close(written)
		// An error shows as answers that are missing.
		_, _ = conn.Write(bytes.Join(batch, nil))
	}(s.conn)
	defer func() { <-written }()
	for answered < len(batch) {
		resp, err := http.ReadResponse(s.in, nil)
		if err != nil {
			s.close()
			return answered, fmt.Errorf("reading an answer: %w", err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		answered++
		tally[resp.StatusCode]++
		if resp.Close || err != nil {
			s.close()
			return answered, nil // the status has come, which is what counts
		}
	}
	return answered, nil
}
