package router

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"carillon/pipeline/telemetry"
)

// server is one HTTP listener. Handlers are added before start.
type server struct {
	addr   string
	tls    TLSConfig
	logger *slog.Logger
	mu     sync.Mutex
	paths  map[string]struct{}
	mux    *http.ServeMux
	srv    *http.Server
	ln     net.Listener
}

func newServer(addr string, tlsConfig TLSConfig, logger *slog.Logger) *server {
	return &server{addr: addr, tls: tlsConfig, logger: logger, paths: make(map[string]struct{}), mux: http.NewServeMux()}
}

// Handle implements pipeline.Mux.
func (s *server) Handle(path string, h http.Handler) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.paths[path]; taken {
		return fmt.Errorf("path %s is used by two sources: give each its own", path)
	}
	s.paths[path] = struct{}{}
	s.mux.Handle(path, h)
	return nil
}

func (s *server) empty() bool { return len(s.paths) == 0 }

func (s *server) start(ctx context.Context) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.addr)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", s.addr, err)
	}
	s.ln = ln
	s.srv = &http.Server{
		Handler: s.mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	if s.tls.Cert != "" {
		cert, err := tls.LoadX509KeyPair(s.tls.Cert, s.tls.Key)
		if err != nil {
			return errors.Join(fmt.Errorf("loading http.tls: %w", err), ln.Close())
		}
		s.srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		ln = tls.NewListener(ln, s.srv.TLSConfig)
	}
	go s.serve(ln)
	return nil
}

// serve ends when stop closes the listener.
func (s *server) serve(ln net.Listener) {
	if err := s.srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		s.logger.Error("listener failed", telemetry.Addr(s.addr), telemetry.Err(err))
	}
}

// stop waits for the requests in hand, then closes what is left.
func (s *server) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if err := s.srv.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("closing listener %s: %w", s.addr, err), s.srv.Close())
	}
	return nil
}

// listening returns the address that start bound, empty before.
func (s *server) listening() string {
	if s == nil || s.ln == nil {
		return ""
	}
	return s.ln.Addr().String()
}

// HTTPAddr returns host:port of the receivers, empty when no source receives.
func (r *Router) HTTPAddr() string { return r.http.listening() }

// AdminAddr returns host:port of the admin listener.
func (r *Router) AdminAddr() string { return r.admin.listening() }
