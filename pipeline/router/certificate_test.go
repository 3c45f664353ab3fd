package router

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shown is the serial number of the certificate that a new connection gets.
func (d *door) shown(t *testing.T) int64 {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := dialer.DialContext(ctx, "tcp", d.listening())
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	secure, ok := conn.(*tls.Conn)
	require.True(t, ok)
	return secure.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func (d *door) loads(t *testing.T, outcome string) int {
	t.Helper()
	return d.value(t, "carillon_http_certificate_loads_total", outcome)
}

func TestCertificateIsReloaded(t *testing.T) {
	dir, until := t.TempDir(), time.Now().Add(time.Hour).Truncate(time.Second)
	files, _ := pair(t, dir, 1, until)
	d := newDoor(t, HTTPConfig{TLS: files}, map[string]http.HandlerFunc{"sns": fine})
	d.open(t)
	require.EqualValues(t, 1, d.shown(t))
	require.Equal(t, int(until.Unix()), d.value(t, "carillon_http_certificate_expiry_timestamp_seconds"))

	pair(t, dir, 2, until.Add(time.Hour))
	d.clock.Advance(certificateInterval - time.Millisecond)
	require.EqualValues(t, 1, d.shown(t), "not looked at on every handshake")
	d.clock.Advance(time.Millisecond)
	require.EqualValues(t, 2, d.shown(t))
	require.Equal(t, int(until.Add(time.Hour).Unix()), d.value(t, "carillon_http_certificate_expiry_timestamp_seconds"))
	require.Equal(t, 1, strings.Count(d.log.String(), "certificate loaded"))
	for range 5 {
		d.clock.Advance(certificateInterval)
		require.EqualValues(t, 2, d.shown(t))
	}
	require.Equal(t, 2, d.loads(t, "good"), "what has not changed is not loaded again")
	d.clock.Advance(-time.Hour)
	pair(t, dir, 3, until)
	require.EqualValues(t, 3, d.shown(t), "a clock step back does not stop it")
}

func TestBrokenCertificateKeepsTheOldOne(t *testing.T) {
	for name, spoil := range map[string]func(TLSConfig) error{
		"empty":    func(f TLSConfig) error { return os.WriteFile(f.Cert, nil, 0o600) },
		"cut":      func(f TLSConfig) error { return os.Truncate(f.Key, 40) },
		"gone":     func(f TLSConfig) error { return os.Remove(f.Cert) },
		"key gone": func(f TLSConfig) error { return os.Remove(f.Key) },
		"not a file": func(f TLSConfig) error {
			return errors.Join(os.Remove(f.Key), os.Mkdir(f.Key, 0o700))
		},
		"of another key": func(f TLSConfig) error {
			strange, _ := pair(t, t.TempDir(), 9, time.Now().Add(time.Hour))
			return os.Rename(strange.Key, f.Key)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files, _ := pair(t, dir, 1, time.Now().Add(time.Hour))
			d := newDoor(t, HTTPConfig{TLS: files}, map[string]http.HandlerFunc{"sns": fine})
			d.open(t)
			require.EqualValues(t, 1, d.shown(t))
			require.NoError(t, spoil(files))
			for range 10 {
				d.clock.Advance(certificateInterval)
				require.EqualValues(t, 1, d.shown(t))
			}
			require.Equal(t, 1, strings.Count(d.log.String(), "the old one stays"), "said once")
			require.Equal(t, 1, d.loads(t, "bad"))
			require.NoError(t, os.RemoveAll(files.Key))
			pair(t, dir, 2, time.Now().Add(time.Hour))
			d.clock.Advance(certificateInterval)
			require.EqualValues(t, 2, d.shown(t))
		})
	}
}

func TestNoStartWithoutACertificate(t *testing.T) {
	d := newDoor(t, HTTPConfig{TLS: TLSConfig{Cert: filepath.Join(t.TempDir(), "none.crt"), Key: "none.key"}}, map[string]http.HandlerFunc{"sns": fine})
	require.ErrorContains(t, d.start(t.Context()), "loading http.tls: reading the certificate: open ")
	require.Empty(t, d.listening(), "nothing was opened")
}

// TestReloadUnderLoad replaces the files while connections come in: every handshake gets one whole certificate.
func TestReloadUnderLoad(t *testing.T) {
	dir := t.TempDir()
	files, pool := pair(t, dir, 1, time.Now().Add(time.Hour))
	pools := []*x509.CertPool{pool}
	d := newDoor(t, HTTPConfig{TLS: files}, map[string]http.HandlerFunc{"sns": fine})
	d.open(t)
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					d.shown(t)
				}
			}
		})
	}
	for serial := range int64(10) {
		_, next := pair(t, dir, 2+serial, time.Now().Add(time.Hour))
		pools = append(pools, next)
		d.clock.Advance(certificateInterval)
		require.Eventually(t, func() bool { return d.shown(t) == 2+serial }, 20*time.Second, time.Millisecond)
	}
	close(stop)
	all.Wait()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pools[10]}, DisableKeepAlives: true}}
	resp, err := client.Post("https://"+d.listening()+"/sns", "application/json", strings.NewReader("{}"))
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
}
