package awslocal

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// signingName is the subject of the certificate that SNS signs with, in every region that is on by default.
const signingName = "sns.amazonaws.com"

// certificates are the keys of one server: a throwaway CA, a TLS certificate for the host of SNS, and the signing key with
// its own certificate, separate as they are at AWS.
type certificates struct {
	pool       *x509.CertPool
	caPEM      []byte
	serving    tls.Certificate
	signingKey *rsa.PrivateKey
	signingPEM []byte
	// path is where the signing certificate is served.
	path string
}

func newCertificates(host string) (*certificates, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating the CA key: %w", err)
	}
	ca := template("Carillon loopback CA", 1)
	ca.IsCA, ca.KeyUsage = true, x509.KeyUsageCertSign
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return nil, fmt.Errorf("creating the CA certificate: %w", err)
	}
	if ca, err = x509.ParseCertificate(caDER); err != nil {
		return nil, fmt.Errorf("reading the CA certificate: %w", err)
	}
	c := &certificates{
		pool: x509.NewCertPool(), caPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}),
		path: "/SimpleNotificationService-" + hex.EncodeToString(randomBytes(16)) + ".pem",
	}
	c.pool.AddCert(ca)
	if err := c.makeServing(host, ca, caKey); err != nil {
		return nil, err
	}
	return c, c.makeSigning(ca, caKey)
}

func (c *certificates) makeServing(host string, ca *x509.Certificate, caKey crypto.Signer) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("generating the TLS key: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template(host, 2), ca, key.Public(), caKey)
	if err != nil {
		return fmt.Errorf("creating the TLS certificate: %w", err)
	}
	c.serving = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return nil
}

func (c *certificates) makeSigning(ca *x509.Certificate, caKey crypto.Signer) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return fmt.Errorf("generating the signing key: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template(signingName, 3), ca, key.Public(), caKey)
	if err != nil {
		return fmt.Errorf("creating the signing certificate: %w", err)
	}
	c.signingKey = key
	c.signingPEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return nil
}

// template is a certificate for name, valid from yesterday for about eleven months as those of AWS are.
func template(name string, serial int64) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: now.AddDate(0, 0, -1), NotAfter: now.AddDate(0, 11, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
}
