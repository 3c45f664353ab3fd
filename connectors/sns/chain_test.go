package sns_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// chainOptions describe a file with a signing certificate and its issuers; the zero value is a good one of three.
type chainOptions struct {
	// until is when the issuer in the middle ends; zero: with the year.
	until time.Time
	// leaf makes the issuer in the middle no authority, authority makes the signing certificate one.
	leaf, authority bool
	// strangers has issuers that issued nothing here, order what stands where.
	strangers bool
	order     []int
}

// chain is such a file. The certificate is for the key of s.
func (s *signer) chain(tb testing.TB, o chainOptions) []byte {
	tb.Helper()
	from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	template := func(n int64, name string, authority bool) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to,
			IsCA: authority, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		}
	}
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(tb, err)
		return k
	}
	create := func(t, issuer *x509.Certificate, public any, by *ecdsa.PrivateKey) []byte {
		der, err := x509.CreateCertificate(rand.Reader, t, issuer, public, by)
		require.NoError(tb, err)
		return der
	}
	root, middle, leaf := template(1, "Root", true), template(2, "Middle", !o.leaf), template(3, "sns.amazonaws.com", o.authority)
	if !o.until.IsZero() {
		middle.NotAfter = o.until
	}
	leaf.DNSNames = []string{"sns.amazonaws.com"}
	rootKey, middleKey := key(), key()
	files := [][]byte{
		create(leaf, middle, &s.key.PublicKey, middleKey), create(middle, root, middleKey.Public(), rootKey), create(root, root, rootKey.Public(), rootKey),
	}
	if o.strangers {
		files[1] = create(middle, root, key().Public(), rootKey)
	}
	if o.order == nil {
		o.order = []int{0, 1, 2}
	}
	var out []byte
	for _, i := range o.order {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: files[i]})...)
	}
	return out
}

// chainCases are files of several certificates that are no chain.
func chainCases() []forgery {
	one := func(name, reason string, o chainOptions) forgery {
		return forgery{
			name: name, reason: reason, status: 403, message: notification(event), asks: 1,
			cert: func(t *testing.T, s *signer) certAnswer {
				t.Helper()
				return certAnswer{File: string(s.chain(t, o))}
			},
		}
	}
	return []forgery{
		one("an authority", "cert_chain", chainOptions{authority: true}),
		one("issued by another", "cert_chain", chainOptions{strangers: true}),
		one("issuer left out", "cert_chain", chainOptions{order: []int{0, 2}}),
		one("issuer is no authority", "cert_chain", chainOptions{leaf: true}),
		one("issuer expired", "cert_chain", chainOptions{until: time.Date(2026, 2, 11, 10, 0, 0, 0, time.UTC)}),
		one("too long", "cert_chain", chainOptions{order: []int{0, 1, 2, 2, 2, 2}}),
		one("issuer first", "cert_key", chainOptions{order: []int{1, 0, 2}}),
		{
			name: "garbage behind", reason: "cert_malformed", status: 403, message: notification(event), asks: 1,
			cert: func(t *testing.T, s *signer) certAnswer {
				t.Helper()
				file := string(s.chain(t, chainOptions{order: []int{0}}))
				return certAnswer{File: file + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}
			},
		},
	}
}
