package awslocal

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Server is SQS, SNS and EventBridge on loopback. Make it with Start. All methods are safe for concurrent use.
type Server struct {
	opts   Options
	clock  *clock
	faults faultBox
	certs  *certificates
	stats  counters

	queues     *queues
	topics     *topics
	bus        *bus
	keys       *keys
	dispatcher *dispatcher

	api, tls   *http.Server
	endpoint   string
	tlsAddr    string
	transports []*http.Transport
	cert       *http.Transport
	serving    sync.WaitGroup
	cancel     context.CancelFunc
	closed     sync.Once
	closeErr   error
}

// Start opens the listeners, on ports that the system chooses, and starts the delivery workers. An error joins every
// problem of the options, or says which part could not be started; then nothing is left running.
func Start(opts Options) (*Server, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, fmt.Errorf("starting loopback AWS: %w", err)
	}
	certs, err := newCertificates(snsHost(opts.Region))
	if err != nil {
		return nil, fmt.Errorf("starting loopback AWS: %w", err)
	}
	s := &Server{opts: opts, clock: newClock(), certs: certs}
	s.keys = &keys{server: s}
	if s.opts.RootCAs == nil {
		s.opts.RootCAs = certs.pool
	}
	if err := s.listen(); err != nil {
		return nil, fmt.Errorf("starting loopback AWS: %w", err)
	}
	return s, nil
}

// listen opens both sockets, builds the services on them and serves.
func (s *Server) listen() error {
	var lc net.ListenConfig
	plain, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for the API: %w", err)
	}
	secure, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(fmt.Errorf("listening for certificates: %w", err), plain.Close())
	}
	s.endpoint, s.tlsAddr = "http://"+plain.Addr().String(), secure.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.build(ctx)
	base := func(net.Listener) context.Context { return ctx }
	s.api.BaseContext, s.tls.BaseContext = base, base
	s.serving.Go(func() { _ = s.api.Serve(plain) })
	s.serving.Go(func() { _ = s.tls.Serve(tls.NewListener(secure, s.tls.TLSConfig)) })
	return nil
}

// build makes the services; ctx ends with the server.
func (s *Server) build(ctx context.Context) {
	host := snsHost(s.opts.Region)
	s.cert = certTransport(host, s.tlsAddr, s.certs.pool)
	keep := deliveryTransport(s.opts.Workers, s.opts.RootCAs, true)
	once := deliveryTransport(s.opts.Workers, s.opts.RootCAs, false)
	s.transports = []*http.Transport{s.cert, keep, once}
	s.dispatcher = startDispatcher(ctx, s.clock, s.opts.Workers, s.opts.MaxDeliveries)
	s.queues = newQueues(s.opts, s.endpoint, s.clock, &s.faults)
	s.topics = newTopics(s, newDeliveryClient(keep, s.opts.Redelivery.Timeout))
	s.bus = newBus(s, newDeliveryClient(once, destinationTimeout))
	s.api = &http.Server{
		Handler: newRouter(s.queues, s.topics, s.bus, s.keys, &s.faults), ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout: time.Minute,
	}
	s.tls = &http.Server{
		Handler: s.certificateHandler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{s.certs.serving}, MinVersion: tls.VersionTLS12},
	}
}

// certificateHandler serves what is behind https://sns.<region>.amazonaws.com: the signing certificate, and the SNS API.
func (s *Server) certificateHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+s.certs.path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(s.certs.signingPEM)
	})
	mux.Handle("/", s.topics)
	return mux
}

// Close ends long polls and deliveries, closes both listeners and waits for everything the server started. When ctx ends
// first, connections are cut. Messages are gone afterwards. A second Close returns what the first did.
func (s *Server) Close(ctx context.Context) error {
	s.closed.Do(func() {
		s.cancel()
		s.closeErr = errors.Join(stop(ctx, s.api), stop(ctx, s.tls))
		s.serving.Wait()
		s.dispatcher.wg.Wait()
		for _, t := range s.transports {
			t.CloseIdleConnections()
		}
	})
	return s.closeErr
}

// stop shuts srv down within ctx, else cuts its connections.
func stop(ctx context.Context, srv *http.Server) error {
	if err := srv.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stopping loopback AWS: %w", err), srv.Close())
	}
	return nil
}
