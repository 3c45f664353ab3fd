package router

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
)

// lines collects what is logged.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// hands is a clock that a test sets.
type hands struct {
	mu  sync.Mutex
	now time.Time
}

func (c *hands) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *hands) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// door is a listener with its surroundings.
type door struct {
	*frontDoor

	registry *prometheus.Registry
	log      *lines
	clock    *hands
}

// newDoor returns a listener with a handler for the path /<id> of each source.
func newDoor(t *testing.T, cfg HTTPConfig, sources map[string]http.HandlerFunc) *door {
	t.Helper()
	d := &door{
		registry: prometheus.NewRegistry(), log: &lines{}, clock: &hands{now: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)},
	}
	cfg.Listen = "127.0.0.1:0"
	r := New(Setup{HTTP: cfg}, Settings{
		Logger:   slog.New(slog.NewJSONHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Registry: d.registry, Clock: d.clock.Now,
	})
	d.frontDoor = r.newFrontDoor()
	for id, h := range sources {
		require.NoError(t, d.of(id).Handle("/"+id, h))
	}
	return d
}

// open starts the listener until the test ends.
func (d *door) open(t *testing.T) {
	t.Helper()
	require.NoError(t, d.start(t.Context()))
	t.Cleanup(func() { require.NoError(t, d.stop(context.WithoutCancel(t.Context()))) })
}

// value is that of the counter or gauge with these label values, in the order of their names.
func (d *door) value(t *testing.T, name string, labels ...string) int {
	t.Helper()
	families, err := d.registry.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			values := []string{}
			for _, l := range m.GetLabel() {
				values = append(values, l.GetValue())
			}
			if f.GetName() == name && len(values) == len(labels) && (len(labels) == 0 || equal(values, labels)) {
				return int(m.GetCounter().GetValue() + m.GetGauge().GetValue())
			}
		}
	}
	require.Fail(t, "no such metric", "%s %v", name, labels)
	return 0
}

func equal(a, b []string) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func fine(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK) }

// pair writes a new certificate for 127.0.0.1 and its key into dir and returns their paths and a pool that trusts it.
func pair(t *testing.T, dir string, serial int64, until time.Time) (TLSConfig, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "router"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	files := TLSConfig{Cert: filepath.Join(dir, "tls.crt"), Key: filepath.Join(dir, "tls.key")}
	file := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	require.NoError(t, os.WriteFile(files.Cert, file, 0o600))
	require.NoError(t, os.WriteFile(files.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(file))
	return files, pool
}
