package awslocal_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// posted is one request that an endpoint got.
type posted struct {
	header http.Header
	close  bool
	body   []byte
}

// endpoint answers with the statuses it is given, then 200, and passes on what it got.
type endpoint struct {
	url  string
	got  chan posted
	mu   sync.Mutex
	next []func(http.ResponseWriter)
}

func newEndpoint(t *testing.T) *endpoint {
	t.Helper()
	e := &endpoint{got: make(chan posted, 100)}
	srv := httptest.NewServer(e)
	t.Cleanup(srv.Close)
	e.url = srv.URL
	return e
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	var answer func(http.ResponseWriter)
	if len(e.next) > 0 {
		answer, e.next = e.next[0], e.next[1:]
	}
	e.mu.Unlock()
	if answer != nil {
		answer(w)
	}
	e.got <- posted{header: r.Header, close: r.Close, body: body}
}

// then makes the next requests be answered by these, one each.
func (e *endpoint) then(answers ...func(http.ResponseWriter)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.next = append(e.next, answers...)
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

// verified reads an SNS body and checks its signature, independently of how it was made: from the generic JSON, with the
// certificate fetched under the URL in the message.
func verified(t *testing.T, l *local, p posted) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal(p.body, &m))
	keys := []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	if m["Type"] == "Notification" {
		keys = []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	}
	var text strings.Builder
	for _, key := range keys {
		if v, ok := m[key].(string); ok {
			text.WriteString(key + "\n" + v + "\n")
		}
	}
	hash := map[any]crypto.Hash{"1": crypto.SHA1, "2": crypto.SHA256}[m["SignatureVersion"]]
	h := hash.New()
	h.Write([]byte(text.String()))
	signature, err := base64.StdEncoding.DecodeString(m["Signature"].(string))
	require.NoError(t, err)
	cert := fetchCertificate(t, l, m["SigningCertURL"].(string))
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	require.True(t, ok)
	require.NoError(t, rsa.VerifyPKCS1v15(key, hash, h.Sum(nil), signature))
	return m
}

func fetchCertificate(t *testing.T, l *local, url string) *x509.Certificate {
	t.Helper()
	require.Regexp(t, `^https://sns\.us-east-1\.amazonaws\.com/SimpleNotificationService-[0-9a-f]{32}\.pem$`, url)
	resp, err := (&http.Client{Transport: l.CertTransport()}).Get(url)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	block, rest := pem.Decode(raw)
	require.Empty(t, rest)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	require.Equal(t, "sns.amazonaws.com", cert.Subject.CommonName)
	_, err = cert.Verify(x509.VerifyOptions{DNSName: "sns.amazonaws.com", Roots: l.CertPool()})
	require.NoError(t, err)
	return cert
}
