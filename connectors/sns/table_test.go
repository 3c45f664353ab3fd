package sns_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"carillon/connectors/sns"
	"carillon/pipeline"
	"carillon/pipeline/pipelinetest"
)

// row is a line of testdata/refused.json or testdata/accepted.json: one request and what must come of it. The clock stands at
// 2026-02-11T10:30:00Z, and the certificate is testdata/certificate.pem unless the row says otherwise.
type row struct {
	Name string `json:"name"`
	// Class groups rows by what an attacker, or SNS, does.
	Class   string            `json:"class"`
	Method  string            `json:"method,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	// Body is the body, or BodyBase64 where it is no text. Repeat is how often it is sent; 0 means once.
	Body       string `json:"body,omitempty"`
	BodyBase64 string `json:"body_base64,omitempty"`
	Repeat     int    `json:"repeat,omitempty"`
	Chunked    bool   `json:"chunked,omitempty"`
	// Certificate is what is found at the SigningCertURL.
	Certificate *certAnswer `json:"certificate,omitempty"`
	Config      rowConfig   `json:"config,omitzero"`
	// Asks is how many requests for a certificate may be made.
	Asks    int    `json:"asks"`
	Status  int    `json:"status"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"`
}

type certAnswer struct {
	Status   int    `json:"status,omitempty"`
	Location string `json:"location,omitempty"`
	File     string `json:"file"`
	Repeat   int    `json:"repeat,omitempty"`
}

// rowConfig is what differs from the defaults. Basic stands for the user topic with the password pass:word.
type rowConfig struct {
	RequireSignatureVersion int  `json:"require_signature_version,omitempty"`
	Basic                   bool `json:"basic,omitempty"`
	Raw                     bool `json:"raw,omitempty"`
}

func (c rowConfig) apply(to *sns.Config) {
	to.RequireSignatureVersion, to.Raw = c.RequireSignatureVersion, c.Raw
	if c.Basic {
		to.Basic = sns.BasicConfig{Username: "topic", Password: pipeline.NewSecret("pass:word")}
	}
}

func (r *row) body(t *testing.T) []byte {
	t.Helper()
	body := []byte(r.Body)
	if r.BodyBase64 != "" {
		var err error
		body, err = base64.StdEncoding.DecodeString(r.BodyBase64)
		require.NoError(t, err)
	}
	return bytes.Repeat(body, max(1, r.Repeat))
}

func (r *row) setBody(body []byte) {
	if utf8.Valid(body) {
		r.Body = string(body)
	} else {
		r.BodyBase64 = base64.StdEncoding.EncodeToString(body)
	}
}

// send posts the row to a source of its own and returns it.
func (r *row) send(t *testing.T, certificate []byte) (*harness, *pipelinetest.Emitter) {
	t.Helper()
	api := newAPI(t)
	h, out := build(t, func(c *sns.Config) {
		r.Config.apply(c)
		c.Endpoint = api.URL
	}), &pipelinetest.Emitter{}
	h.run(t, out)
	h.certs.serveFile(certURL, certificate)
	if a := r.Certificate; a != nil {
		status := max(a.Status, http.StatusOK)
		h.certs.serve(certURL, func() (*http.Response, error) {
			return response(status, strings.Repeat(a.File, max(1, a.Repeat)), http.Header{"Location": {a.Location}}), nil
		})
	}
	outcomes, refusals := h.outcomes(t), h.refusals(t)
	w := h.post(r.body(t), func(req *http.Request) {
		if r.Method != "" {
			req.Method = r.Method
		}
		for name, value := range r.Headers {
			req.Header.Set(name, value)
		}
		if r.Chunked {
			req.ContentLength = -1
		}
	})
	require.Equal(t, r.Status, w.Code, h.log)
	require.Equal(t, http.StatusText(r.Status)+"\n", w.Body.String(), "an answer tells nothing else")
	require.Equal(t, r.Status == http.StatusUnauthorized, w.Header().Get("WWW-Authenticate") != "")
	outcomes[r.Outcome]++
	require.Equal(t, outcomes, h.outcomes(t), "this outcome and no other")
	if r.Reason != "" {
		refusals[r.Reason]++
	}
	require.Equal(t, refusals, h.refusals(t), "this reason and no other")
	require.Len(t, h.certs.requests(), r.Asks)
	return h, out
}

func table(tb testing.TB, name string) (rows []row, certificate []byte) {
	tb.Helper()
	file, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(tb, err)
	require.NoError(tb, json.Unmarshal(file, &rows))
	certificate, err = os.ReadFile(filepath.Join("testdata", "certificate.pem"))
	require.NoError(tb, err)
	return rows, certificate
}

// TestTableIsCurrent compares the names in the tables with those of the cases they are written from.
func TestTableIsCurrent(t *testing.T) {
	if *update {
		writeTables(t)
	}
	for name, want := range map[string][]row{"refused.json": refusedRows(t), "accepted.json": acceptedRows(t)} {
		rows, _ := table(t, name)
		names := func(rows []row) []string {
			var all []string
			for _, r := range rows {
				all = append(all, r.Class+": "+r.Name)
			}
			slices.Sort(all)
			return all
		}
		require.Equal(t, names(want), names(rows), "%s is older than the cases: run with -update", name)
		require.Len(t, slices.Compact(names(rows)), len(rows), "names are used once")
	}
}

func TestRefused(t *testing.T) {
	rows, certificate := table(t, "refused.json")
	reasons, classes := map[string]bool{}, map[string]bool{}
	for _, r := range rows {
		t.Run(r.Class+"/"+r.Name, func(t *testing.T) {
			require.NotEmpty(t, r.Reason)
			h, out := r.send(t, certificate)
			require.Empty(t, out.Stored())
			require.NotContains(t, h.log.String(), "meetingId")
			require.NotContains(t, h.log.String(), "evil.example")
			require.NotContains(t, h.log.String(), "pass:word")
		})
		reasons[r.Reason], classes[r.Class] = true, true
	}
	for reason := range build(t, nil).refusals(t) {
		require.True(t, reasons[reason], "no row is refused as %q", reason)
	}
	for _, class := range []string{
		"forged", "replayed", "truncated", "wrongly signed", "wrong host", "wrong path", "wrong topic", "expired", "oversized",
	} {
		require.True(t, classes[class], "no row is %s", class)
	}
}

func TestAccepted(t *testing.T) {
	rows, certificate := table(t, "accepted.json")
	for _, r := range rows {
		t.Run(r.Class+"/"+r.Name, func(t *testing.T) {
			h, out := r.send(t, certificate)
			if r.Outcome != "stored" {
				require.Empty(t, out.Stored())
				return
			}
			require.Len(t, out.Stored(), 1)
			got := out.Stored()[0]
			require.Equal(t, string(r.body(t)), string(got.Body), "as received")
			require.Equal(t, h.clock.Now(), got.Received)
			require.NotEmpty(t, got.Trace)
		})
	}
}

// classOf names what an attacker does who sends f.
func classOf(f *forgery) string {
	switch {
	case strings.HasPrefix(f.name, "truncated"):
		return "truncated"
	case f.reason == "signature" && f.after != nil:
		return "forged"
	}
	if class, ok := map[string]string{
		"signature": "wrongly signed", "signature_form": "wrongly signed", "signature_version": "wrongly signed",
		"too_old": "replayed", "cert_expired": "expired", "foreign_topic": "wrong topic", "too_large": "oversized",
		"cert_url_host": "wrong host", "cert_url_userinfo": "wrong host", "cert_url_path": "wrong path",
	}[f.reason]; ok {
		return class
	}
	return strings.ReplaceAll(f.reason, "_", " ")
}

func refusedRows(t *testing.T) []row {
	t.Helper()
	s := newSigner(t)
	var rows []row
	for _, f := range forgeries() {
		r := row{
			Name: f.name, Class: classOf(&f), Method: f.method, Headers: f.headers, Repeat: f.repeat, Chunked: f.chunked,
			Config: f.config, Asks: f.asks, Status: f.status, Outcome: "refused", Reason: f.reason,
		}
		if f.cert != nil {
			answer := f.cert(t, s)
			r.Certificate = &answer
		}
		body := []byte(f.body)
		if f.message != nil {
			m := s.sign(t, f.message)
			if f.after != nil {
				m = f.after(m)
			}
			body = m.json(t)
		}
		r.setBody(body)
		rows = append(rows, r)
	}
	return rows
}

func acceptedRows(t *testing.T) []row {
	t.Helper()
	s := newSigner(t)
	var rows []row
	add := func(class, name, outcome string, m message) {
		r := row{Name: name, Class: class, Asks: 1, Status: http.StatusOK, Outcome: outcome}
		r.setBody(s.body(t, m))
		rows = append(rows, r)
	}
	all := accepted()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		add("notification", name, "stored", all[name])
	}
	for _, version := range []string{"1", "2"} {
		add("subscription", "confirmation, version "+version, "confirmed", confirmation("SubscriptionConfirmation").with("SignatureVersion", version))
		add("subscription", "end, version "+version, "unsubscribed", confirmation("UnsubscribeConfirmation").with("SignatureVersion", version))
	}
	chained := row{
		Name: "with its issuers", Class: "certificate", Asks: 1, Status: http.StatusOK, Outcome: "stored",
		Certificate: &certAnswer{File: string(s.chain(t, chainOptions{}))},
	}
	chained.setBody(s.body(t, notification(event)))
	password := "Basic " + base64.StdEncoding.EncodeToString([]byte("topic:pass:word"))
	withPassword := row{
		Name: "signed", Class: "password", Asks: 1, Status: http.StatusOK, Outcome: "stored",
		Headers: map[string]string{"Authorization": password}, Config: rowConfig{Basic: true},
	}
	withPassword.setBody(s.body(t, notification(event)))
	asked := row{Name: "not sent yet", Class: "password", Status: http.StatusUnauthorized, Outcome: "challenged", Config: rowConfig{Basic: true}}
	asked.setBody(s.body(t, notification(event)))
	raw := row{
		Name: "raw", Class: "password", Body: event, Status: http.StatusOK, Outcome: "stored", Config: rowConfig{Basic: true, Raw: true},
		Headers: map[string]string{
			"Authorization": password, "X-Amz-Sns-Rawdelivery": "true", "X-Amz-Sns-Topic-Arn": topicArn, "X-Amz-Sns-Message-Id": "0c9d1f6e",
		},
	}
	return append(rows, chained, withPassword, asked, raw)
}

func writeTables(t *testing.T) {
	t.Helper()
	for name, rows := range map[string][]row{"refused.json": refusedRows(t), "accepted.json": acceptedRows(t)} {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", " ")
		require.NoError(t, enc.Encode(rows))
		require.NoError(t, os.WriteFile(filepath.Join("testdata", name), b.Bytes(), 0o644))
	}
	good := newSigner(t).certificate(t, certOptions{})
	require.NoError(t, os.WriteFile(filepath.Join("testdata", "certificate.pem"), good, 0o644))
}
