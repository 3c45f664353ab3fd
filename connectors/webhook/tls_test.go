package webhook_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/tlsfiles"
	"carillon/connectors/webhook"
	"carillon/pipeline"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.cert, a.key, a.pem, _ = sign(t, template, nil)
	return a
}

// sign makes a certificate from template: of a itself, when a is nil.
func sign(t *testing.T, template *x509.Certificate, a *authority) (cert *x509.Certificate, key *ecdsa.PrivateKey, certPEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template.Subject = pkix.Name{CommonName: "carillon test"}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, parentKey := template, key
	if a != nil {
		parent, parentKey = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	require.NoError(t, err)
	cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func start(t *testing.T, s pipeline.Sink) error {
	t.Helper()
	starter, ok := s.(pipeline.Starter)
	require.True(t, ok)
	return starter.Start(t.Context())
}

func TestWrite_ShowsItsCertificateAndTrustsAnAuthority(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	_, _, serverCert, serverKey := sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, theirs)
	_, _, cert, key := sign(t, &x509.Certificate{SerialNumber: big.NewInt(3), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, ours)
	pair, err := tls.X509KeyPair(serverCert, serverKey)
	require.NoError(t, err)
	trusted := x509.NewCertPool()
	trusted.AddCert(ours.cert)

	r := &receiver{}
	server := httptest.NewUnstartedServer(r)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted}
	server.StartTLS()
	defer server.Close()

	files := tlsfiles.Config{CA: write(t, "ca.pem", theirs.pem), Cert: write(t, "cert.pem", cert), Key: write(t, "key.pem", key)}
	for name, row := range map[string]struct {
		tls tlsfiles.Config
		ok  bool
	}{
		"both":           {files, true},
		"no authority":   {tlsfiles.Config{Cert: files.Cert, Key: files.Key}, false},
		"no certificate": {tlsfiles.Config{CA: files.CA}, false},
		"nothing":        {tlsfiles.Config{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, server.URL, time.Minute, func(c *webhook.Config) { c.TLS = row.tls })
			defer closeSink(t, s)
			require.NoError(t, start(t, s))
			err := s.Write(t.Context(), []pipeline.Event{event(1, "m")})
			require.Equal(t, row.ok, err == nil, err)
			if err != nil {
				class, _ := pipeline.Classify(err)
				require.Equal(t, pipeline.ClassRetry, class)
			}
		})
	}
	require.Len(t, r.accepted(), 1)
}

func TestStart_TellsAWrongCertificate(t *testing.T) {
	_, _, cert, _ := sign(t, &x509.Certificate{SerialNumber: big.NewInt(1)}, nil)
	_, _, _, otherKey := sign(t, &x509.Certificate{SerialNumber: big.NewInt(2)}, nil)
	good, other, text := write(t, "cert.pem", cert), write(t, "key.pem", otherKey), write(t, "text", []byte("no PEM"))
	for want, c := range map[string]tlsfiles.Config{
		"tls.ca: open /nowhere":       {CA: "/nowhere"},
		"has no certificate in PEM":   {CA: text},
		"tls.cert: open /nowhere":     {Cert: "/nowhere", Key: other},
		"tls.cert: tls: private key ": {Cert: good, Key: other},
	} {
		s := open(t, "https://127.0.0.1:1", time.Minute, func(cfg *webhook.Config) { cfg.TLS = c })
		require.ErrorContains(t, start(t, s), want)
		closeSink(t, s)
	}
	s := open(t, "http://127.0.0.1:1", time.Minute)
	require.NoError(t, start(t, s))
	closeSink(t, s)
}

func TestTLS_ShowsNoVersionThatIsBroken(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11}
	server.StartTLS()
	defer server.Close()
	ca := write(t, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	s := open(t, server.URL, time.Minute, func(c *webhook.Config) { c.TLS.CA = ca })
	defer closeSink(t, s)
	require.NoError(t, start(t, s))
	require.Error(t, s.Write(t.Context(), []pipeline.Event{event(1, "m")}))
}
