package sns_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const certURL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdefABCDEF0123456789.pem"

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// signer signs as the SNS developer guide describes it. It shares no code with the source: it sorts the names of the fields
// that count, where the source has a list per type.
type signer struct{ key *rsa.PrivateKey }

func newSigner(tb testing.TB) *signer {
	tb.Helper()
	key, err := rsaKey()
	require.NoError(tb, err)
	return &signer{key: key}
}

// message is a wrapper before it is written as JSON.
type message map[string]any

// notification is a Notification of topicArn sent at 10:29:59, 1 s before the clock of build.
func notification(text string) message {
	return message{
		"Type": "Notification", "MessageId": "0c9d1f6e-2b44-5f0a-9d0e-42f7a1c3e500", "TopicArn": topicArn, "Message": text,
		"Timestamp": "2026-02-11T10:29:59.120Z", "SignatureVersion": "1", "SigningCertURL": certURL,
		"UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=" + topicArn + ":1",
	}
}

func confirmation(kind string) message {
	m := notification("You have chosen to subscribe.\nTo confirm, visit the SubscribeURL.")
	delete(m, "UnsubscribeURL")
	m["Type"], m["Token"] = kind, "f00dfeed"
	m["SubscribeURL"] = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=f00dfeed&TopicArn=" + topicArn
	return m
}

func (m message) with(name string, value any) message {
	m[name] = value
	return m
}

func (m message) without(name string) message {
	delete(m, name)
	return m
}

func (m message) json(t *testing.T) []byte {
	t.Helper()
	b, err := json.Marshal(m)
	require.NoError(t, err)
	return b
}

func (s *signer) sign(t *testing.T, m message) message {
	t.Helper()
	counts := map[string]bool{"Message": true, "MessageId": true, "Timestamp": true, "TopicArn": true, "Type": true}
	if m["Type"] == "Notification" {
		counts["Subject"] = true
	} else {
		counts["SubscribeURL"], counts["Token"] = true, true
	}
	var names []string
	for name := range m {
		if counts[name] && m[name] != nil {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var text strings.Builder
	for _, name := range names {
		value, ok := m[name].(string)
		require.True(t, ok)
		text.WriteString(name + "\n" + value + "\n")
	}
	hash := crypto.SHA1
	if m["SignatureVersion"] == "2" {
		hash = crypto.SHA256
	}
	h := hash.New()
	h.Write([]byte(text.String()))
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.key, hash, h.Sum(nil))
	require.NoError(t, err)
	return m.with("Signature", base64.StdEncoding.EncodeToString(sig))
}

// body is m signed and written as JSON.
func (s *signer) body(t *testing.T, m message) []byte {
	t.Helper()
	return s.sign(t, m).json(t)
}

// certOptions describe a certificate; zero values make a good one for most regions.
type certOptions struct {
	commonName string
	names      []string
	from, to   time.Time
	bits       int
	ecdsa      bool
}

func (s *signer) certificate(tb testing.TB, o certOptions) []byte {
	tb.Helper()
	if o.commonName == "" {
		o.commonName, o.names = "sns.amazonaws.com", []string{"sns.amazonaws.com"}
	}
	if o.from.IsZero() {
		o.from, o.to = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	}
	var public any = &s.key.PublicKey
	if o.bits != 0 {
		weak, err := rsa.GenerateKey(rand.Reader, o.bits)
		require.NoError(tb, err)
		public = &weak.PublicKey
	}
	if o.ecdsa {
		other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(tb, err)
		public = &other.PublicKey
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: o.commonName}, DNSNames: o.names,
		NotBefore: o.from, NotAfter: o.to, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	issuer := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Issuer"}}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, public, s.key)
	require.NoError(tb, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
