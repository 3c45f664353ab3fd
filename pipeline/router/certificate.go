package router

import (
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"carillon/pipeline/telemetry"
)

// certificateInterval is how often, at most, a handshake looks whether the files have changed.
const certificateInterval = 5 * time.Second

// certificate is the certificate of a listener. Files that changed are taken up by the next handshake, without a restart and
// without a goroutine that watches. While new files cannot be used, half written or of two different keys, the certificate
// from before stays. It is safe for concurrent use.
type certificate struct {
	files   TLSConfig
	clock   func() time.Time
	logger  *slog.Logger
	metrics *httpMetrics
	current atomic.Pointer[tls.Certificate]

	// mu is held by the one handshake that looks; the others do not wait for it.
	mu     sync.Mutex
	looked time.Time
	// seen is a digest of what the files held when they were last tried, good or bad.
	seen [sha256.Size]byte
}

// loadCertificate reads the files for the first time.
func loadCertificate(files TLSConfig, clock func() time.Time, logger *slog.Logger, m *httpMetrics) (*certificate, error) {
	c := &certificate{files: files, clock: clock, logger: logger, metrics: m, looked: clock()}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// get implements tls.Config.GetCertificate.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if c.mu.TryLock() {
		c.look()
		c.mu.Unlock()
	}
	return c.current.Load(), nil
}

// look takes up changed files, if it is time to look. The caller holds mu.
func (c *certificate) look() {
	now := c.clock()
	if since := now.Sub(c.looked); since >= 0 && since < certificateInterval {
		return
	}
	c.looked = now
	before := c.seen
	err := c.load()
	switch {
	case c.seen == before:
	case err != nil:
		c.logger.Warn("the new certificate cannot be used, the old one stays", telemetry.Err(err))
	default:
		c.logger.Info("certificate loaded", slog.Time(keyExpires, c.current.Load().Leaf.NotAfter))
	}
}

const keyExpires = "expires"

// load tries what is in the files, unless it was tried before. The caller holds mu, or nobody else knows c yet.
func (c *certificate) load() error {
	pair, digest, err := c.read()
	if digest == c.seen {
		return err
	}
	c.seen = digest
	if err != nil {
		c.metrics.badCertificates.Inc()
		return err
	}
	c.current.Store(pair)
	c.metrics.goodCertificates.Inc()
	c.metrics.certificateEnd.Set(float64(pair.Leaf.NotAfter.Unix()))
	return nil
}

// read returns the certificate in the files and a digest of their content, or of the error when they cannot be read.
func (c *certificate) read() (*tls.Certificate, [sha256.Size]byte, error) {
	cert, err := os.ReadFile(c.files.Cert)
	if err != nil {
		return nil, sha256.Sum256([]byte(err.Error())), fmt.Errorf("reading the certificate: %w", err)
	}
	key, err := os.ReadFile(c.files.Key)
	if err != nil {
		return nil, sha256.Sum256([]byte(err.Error())), fmt.Errorf("reading the key: %w", err)
	}
	digest := sha256.Sum256(append(append(append([]byte{}, cert...), 0), key...))
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, digest, fmt.Errorf("reading certificate and key: %w", err)
	}
	return &pair, digest, nil
}
