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
	// How many certificates a file may hold.
	mostLinks = 5
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

// parseCertificate reads a PEM file whose first block is the signing certificate: RSA with 2048 bits or more, issued to one of
// names, and no authority itself. AWS serves it alone; where others follow they must be the chain that issued it. Whether it is
// in force is asked each time it is used. The error is a *refusal.
func parseCertificate(file []byte, names []string, now time.Time) (*x509.Certificate, error) {
	chain, err := readChain(file)
	if err != nil {
		return nil, err
	}
	cert := chain[0]
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < leastKeyBits {
		return nil, refuse(certKey)
	}
	if !carriesOne(cert, names) {
		return nil, refuse(certName)
	}
	if cert.IsCA || !linked(chain, now) {
		return nil, refuse(certChain)
	}
	return cert, nil
}

// readChain returns the certificates in a PEM file, at least one.
func readChain(file []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for {
		block, rest := pem.Decode(file)
		switch {
		case block == nil && len(chain) > 0:
			return chain, nil
		case block == nil || block.Type != "CERTIFICATE":
			return nil, refuse(certMalformed)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, refuse(certMalformed)
		}
		if chain = append(chain, cert); len(chain) > mostLinks {
			return nil, refuse(certChain)
		}
		file = rest
	}
}

// linked tells whether each certificate is signed by the one after it, which is an authority in force.
func linked(chain []*x509.Certificate, now time.Time) bool {
	for i, issuer := range chain[1:] {
		if now.Before(issuer.NotBefore) || now.After(issuer.NotAfter) || chain[i].CheckSignatureFrom(issuer) != nil {
			return false
		}
	}
	return true
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
