package sns

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	fetchTimeout     = 5 * time.Second
	certificateLimit = 64 << 10
	leastKeyBits     = 2048
)

// errUnavailable marks a certificate that could not be had now: the message must come again.
var errUnavailable = errors.New("signing certificate is unavailable")

// fetch reads what is at url, at most 64 KiB within 5 s, following nothing. Whatever may pass wraps errUnavailable, even
// "not found": a new certificate may not be everywhere yet, and SNS would not send the message again after a refusal.
func fetch(ctx context.Context, client *http.Client, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody) //nolint:gosec // pin put the URL together
	if err != nil {
		return nil, refuse(urlMalformed)
	}
	resp, err := client.Do(r) //nolint:gosec // pin put the URL together
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	defer func() { _ = resp.Body.Close() }() // Read to its end or given up: there is nothing to lose.
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, refuse(certRedirect)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", errUnavailable, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, certificateLimit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	if len(body) > certificateLimit {
		return nil, refuse(certTooLarge)
	}
	return body, nil
}

// parseCertificate reads a PEM file whose first block is the signing certificate: RSA with 2048 bits or more, issued to
// one of names. Whether it is in force is asked each time it is used. The error is a *refusal.
func parseCertificate(file []byte, names []string) (*x509.Certificate, error) {
	block, _ := pem.Decode(file)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, refuse(certMalformed)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, refuse(certMalformed)
	}
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < leastKeyBits {
		return nil, refuse(certKey)
	}
	if !carriesOne(cert, names) {
		return nil, refuse(certName)
	}
	return cert, nil
}

// carriesOne looks at the alternative names, and at the common name only where there are none.
func carriesOne(cert *x509.Certificate, names []string) bool {
	carried := cert.DNSNames
	if len(carried) == 0 {
		carried = []string{cert.Subject.CommonName}
	}
	return slices.ContainsFunc(carried, func(c string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(c, n) })
	})
}

// inForce returns the key of cert if now is within its dates.
func inForce(cert *x509.Certificate, now time.Time) (*rsa.PublicKey, error) {
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, refuse(certKey)
	}
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return nil, refuse(certExpired)
	}
	return key, nil
}
