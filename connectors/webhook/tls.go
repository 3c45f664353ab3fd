package webhook

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// TLSConfig says whom the sink trusts and how it shows who it is.
type TLSConfig struct {
	// CA is a PEM file of certificates that are trusted beside those of the system. Empty: none.
	CA string `koanf:"ca"`
	// Cert is a PEM file with the client's certificate, followed by those that lead to its authority. Empty: none is shown.
	// The files are read at the start.
	Cert string `koanf:"cert"`
	// Key is a PEM file with the private key of cert. Required with cert.
	Key string `koanf:"key"`
}

func (c *TLSConfig) isZero() bool { return *c == TLSConfig{} }

// validate joins every problem; each begins with its key path.
func (c *TLSConfig) validate() error {
	switch {
	case c.Cert != "" && c.Key == "":
		return errors.New("tls.key: required with tls.cert")
	case c.Key != "" && c.Cert == "":
		return errors.New("tls.cert: required with tls.key")
	}
	return nil
}

// load reads the files.
func (c *TLSConfig) load() (*tls.Config, error) {
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("tls.ca: %w", err)
		}
		out.RootCAs, err = x509.SystemCertPool()
		if err != nil {
			out.RootCAs = x509.NewCertPool()
		}
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.ca: %s has no certificate in PEM", c.CA)
		}
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("tls.cert: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}
