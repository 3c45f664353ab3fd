// Package tlsfiles is the part of a configuration that says whom a sink trusts and which certificate it shows, as PEM files. It
// is for every sink that speaks TLS, so that all of them have the same keys.
package tlsfiles

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// Config says whom the sink trusts and how it shows who it is.
type Config struct {
	// CA is a PEM file of certificates that are trusted beside those of the system. Empty: none.
	CA string `koanf:"ca"`
	// Cert is a PEM file with the client's certificate, followed by those that lead to its authority. Empty: none is shown.
	// The files are read at the start.
	Cert string `koanf:"cert"`
	// Key is a PEM file with the private key of cert. Required with cert.
	Key string `koanf:"key"`
}

// IsZero reports whether nothing is set.
func (c *Config) IsZero() bool { return *c == Config{} }

// Validate returns the problem, if there is one; it begins with its key path, in which tls is the name of c.
func (c *Config) Validate() error {
	switch {
	case c.Cert != "" && c.Key == "":
		return errors.New("tls.key: required with tls.cert")
	case c.Key != "" && c.Cert == "":
		return errors.New("tls.cert: required with tls.key")
	}
	return nil
}

// Load reads the files. Its errors begin with their key path as those of Validate do.
func (c *Config) Load() (*tls.Config, error) {
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
