package webhook

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
)

// Check implements pipeline.Checker: it opens a connection to the receiver, with TLS if there is any, and posts nothing. Behind a
// proxy only the proxy is reached.
func (s *sink) Check(ctx context.Context) (string, error) {
	if err := s.Start(ctx); err != nil {
		return "", err
	}
	to := s.template.URL
	proxy, err := http.ProxyFromEnvironment(s.template)
	if err != nil {
		return "", errors.New("the environment names a proxy that cannot be understood")
	}
	if proxy != nil {
		to = proxy
	}
	port := cmp.Or(to.Port(), map[string]string{"http": "80", "https": "443"}[to.Scheme], "1080")
	address := net.JoinHostPort(to.Hostname(), port)
	conn, err := s.transport.DialContext(ctx, "tcp", address)
	if err == nil && to.Scheme == "https" {
		conn, err = s.handshake(ctx, conn, to.Hostname())
	}
	if err != nil {
		_, err = explain(ctx, err, s.timeout)
		return "", fmt.Errorf("connecting to %s: %w (check url and tls)", address, err)
	}
	_ = conn.Close()
	if proxy != nil {
		return "the proxy " + address, nil
	}
	return address + " takes connections", nil
}

// handshake closes the connection when it fails.
func (s *sink) handshake(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.transport.TLSClientConfig != nil {
		config = s.transport.TLSClientConfig.Clone()
	}
	config.ServerName = host
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return secured, nil
}
