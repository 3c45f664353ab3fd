package connectortest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Server is an HTTP server on loopback that can be cut, made to fail, made late and restarted. Its methods fit FaultDriver.
type Server struct {
	weather

	t       *testing.T
	handler http.Handler
	address string
	current *httptest.Server
}

// NewServer serves handler until the test is over. handler accepts what it answers 2xx, and must be safe for concurrent use.
func NewServer(t *testing.T, handler http.Handler) *Server {
	t.Helper()
	s := &Server{t: t, handler: handler, address: "127.0.0.1:0"}
	s.start()
	s.address = s.current.Listener.Addr().String()
	t.Cleanup(func() { s.stop() })
	return s
}

// URL returns where the server is, without a slash at its end.
func (s *Server) URL() string { return "http://" + s.address }

// Cut fits FaultDriver.Cut.
func (s *Server) Cut() (mend func()) {
	s.set(func(w *weather) { w.cut = true })
	s.current.CloseClientConnections()
	return func() { s.set(func(w *weather) { w.cut = false }) }
}

// Restart fits FaultDriver.Restart.
func (s *Server) Restart() {
	s.stop()
	s.start()
}

func (s *Server) stop() {
	s.current.CloseClientConnections()
	s.current.Close()
}

func (s *Server) start() {
	s.t.Helper()
	listener, err := listen(s.address)
	if err != nil {
		s.t.Fatalf("listening again: %v", err)
	}
	s.current = &httptest.Server{Listener: listener, Config: &http.Server{
		Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: time.Minute,
	}}
	s.current.Start()
}

// listen tries again for a while, because somebody may have got the port of a listener that was closed.
func listen(address string) (net.Listener, error) {
	var config net.ListenConfig
	for tries := 0; ; tries++ {
		listener, err := config.Listen(context.Background(), "tcp", address)
		if err == nil || tries == 100 {
			return listener, err
		}
		pass(50 * time.Millisecond)
	}
}

// pass lets time pass.
func pass(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if s.isCut() {
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	fate, late := s.draw()
	pass(late)
	switch fate {
	case passes:
		s.handler.ServeHTTP(w, r)
	case refused:
		w.WriteHeader(http.StatusInternalServerError)
	case unanswered:
		s.handler.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case lost:
		panic(http.ErrAbortHandler)
	}
}
