package main_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"

	"carillon/connectors/awslocal"
)

// trust returns the environment in which a process reaches the signing certificates of srv under their real name, over a
// proxy on loopback, and trusts them: the same means by which an operator behind a proxy would do it.
func trust(t *testing.T, srv *awslocal.Server) []string {
	t.Helper()
	proxy := httptest.NewServer(connectProxy(srv))
	t.Cleanup(proxy.Close)
	ca := write(t, "ca.pem", "%s", srv.CAPEM())
	return []string{"HTTPS_PROXY=" + proxy.URL, "SSL_CERT_FILE=" + ca, "SSL_CERT_DIR=" + filepath.Dir(ca)}
}

// connectProxy answers CONNECT for what srv serves over TLS.
func connectProxy(srv *awslocal.Server) http.Handler {
	dial := srv.CertTransport().DialContext
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodConnect {
			http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
			return
		}
		far, err := dial(req.Context(), "tcp", req.Host)
		if err != nil {
			http.Error(w, "not served here", http.StatusBadGateway)
			return
		}
		defer func() { _ = far.Close() }()
		near, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = near.Close() }()
		_, _ = io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = io.Copy(far, buffered); _ = far.Close() })
		_, _ = io.Copy(near, far)
		_ = near.Close()
		wg.Wait()
	})
}
