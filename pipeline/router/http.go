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

	"carillon/pipeline"
	"carillon/pipeline/telemetry"
)

// The limits of every listener. AWS sends a request within milliseconds; who takes longer than these holds a connection for
// nothing.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 30 * time.Second
	idleTimeout   = time.Minute
	headerLimit   = 32 << 10
	stopTimeout   = 15 * time.Second
)

// server is one HTTP listener.
type server struct {
	addr        string
	handler     http.Handler
	certificate *certificate // nil: plain HTTP
	connections *connections
	logger      *slog.Logger
	srv         *http.Server
	ln          net.Listener
	serving     sync.WaitGroup
}

// start opens the listener and serves until stop. It returns once the address is bound.
func (s *server) start(ctx context.Context) error {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.addr)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", s.addr, err)
	}
	s.ln = ln
	s.srv = &http.Server{
		Handler: s.handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: headerLimit,
		DisableGeneralOptionsHandler: true, ConnState: s.connections.track,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	s.serving.Go(s.serve)
	return nil
}

// serve ends when stop closes the listener.
func (s *server) serve() {
	var err error
	ln := &boundedListener{Listener: s.ln, connections: s.connections}
	if s.certificate == nil {
		err = s.srv.Serve(ln)
	} else {
		s.srv.TLSConfig = &tls.Config{GetCertificate: s.certificate.get, MinVersion: tls.VersionTLS12}
		err = s.srv.ServeTLS(ln, "", "")
	}
	if !errors.Is(err, http.ErrServerClosed) {
		s.logger.Error("listener failed", telemetry.Addr(s.addr), telemetry.Err(err))
	}
}

// stop waits for the requests in hand, then closes what is left.
func (s *server) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	defer s.serving.Wait()
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

// frontDoor is the listener of the receivers.
type frontDoor struct {
	server

	cfg       HTTPConfig
	clock     func() time.Time
	metrics   *httpMetrics
	receivers *receivers
}

// newFrontDoor returns a listener that has done nothing yet. Receivers are added before start.
func (r *Router) newFrontDoor() *frontDoor {
	cfg := r.setup.HTTP
	if cfg.MaxInFlight == 0 {
		cfg.MaxInFlight = DefaultHTTP().MaxInFlight
	}
	m := newHTTPMetrics(r.set.Registry)
	in := newReceivers(cfg.MaxInFlight, r.set.Logger, m)
	return &frontDoor{
		cfg: cfg, clock: r.set.Clock, metrics: m, receivers: in,
		server: server{
			addr: cfg.Listen, handler: in, logger: r.set.Logger,
			connections: newConnections(connectionsPerRequest*cfg.MaxInFlight, m.connections()),
		},
	}
}

// of returns the listener as the source with the given id sees it.
func (d *frontDoor) of(source string) pipeline.Mux {
	return &sourceMux{receivers: d.receivers, source: source}
}

func (d *frontDoor) empty() bool { return len(d.receivers.routes) == 0 }

// start loads the certificate, where there is one, and opens the listener.
func (d *frontDoor) start(ctx context.Context) error {
	d.receivers.divide()
	if d.cfg.TLS.Cert != "" {
		c, err := loadCertificate(d.cfg.TLS, d.clock, d.logger, d.metrics)
		if err != nil {
			return fmt.Errorf("loading http.tls: %w", err)
		}
		d.certificate = c
	}
	return d.server.start(ctx)
}

// HTTPAddr returns host:port of the receivers, empty when no source receives.
func (r *Router) HTTPAddr() string {
	if r.http == nil {
		return ""
	}
	return r.http.listening()
}

// AdminAddr returns host:port of the admin listener.
func (r *Router) AdminAddr() string { return r.admin.listening() }
