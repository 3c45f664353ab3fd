package sqs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/sqs"
	"carillon/pipeline/pipelinetest"
)

// tokenService answers AssumeRole with the keys ROLE1, ROLE2 ..., and remembers what it was asked for.
type tokenService struct {
	*httptest.Server
	given atomic.Int32
	asked chan url.Values
}

func newTokenService(t *testing.T) *tokenService {
	t.Helper()
	s := &tokenService{asked: make(chan url.Values, 100)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.asked <- r.PostForm
		w.Header().Set("Content-Type", "text/xml")
		_, _ = fmt.Fprintf(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
			<Credentials><AccessKeyId>ROLE%d</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>token</SessionToken>
			<Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
			s.given.Add(1), secret, time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	}))
	t.Cleanup(s.Close)
	return s
}

// expiring passes requests on to endpoint, unless they are signed with a key that has expired.
func expiring(t *testing.T, endpoint string, expired func(key string) bool) string {
	t.Helper()
	to, err := url.Parse(endpoint)
	require.NoError(t, err)
	transport := &http.Transport{}
	proxy := &httputil.ReverseProxy{
		Transport: transport, ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		key, _, _ := strings.Cut(credential, "/")
		if !expired(key) {
			proxy.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"The security token is expired"}`))
	}))
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	return server.URL
}

// A role is assumed with the external id, and again when its credentials are refused before their time.
func TestRoleIsAssumedAndRenewed(t *testing.T) {
	srv := startAWS(t)
	tokens := newTokenService(t)
	t.Setenv("AWS_ENDPOINT_URL_STS", tokens.URL)
	var end atomic.Bool
	endpoint := expiring(t, srv.Endpoint(), func(key string) bool {
		return !strings.HasPrefix(key, "ROLE") || end.Load() && key == "ROLE1"
	})
	p := newPlace(t, srv.Endpoint())
	queue := p.queue(t, 30)
	var out pipelinetest.Emitter
	b := p.run(t, queue, &out, func(c *sqs.Config) {
		c.Endpoint, c.Wait, c.MaxPollers = endpoint, time.Second, 1
		c.RoleARN, c.ExternalID = "arn:aws:iam::111122223333:role/carillon", "agreed"
	})
	p.send(t, queue, "with the first")
	require.NoError(t, out.Wait(soon(t), 1))
	p.untilHolds(t, queue, 0)
	form := <-tokens.asked
	require.Equal(t, "AssumeRole", form.Get("Action"))
	require.Equal(t, "arn:aws:iam::111122223333:role/carillon", form.Get("RoleArn"))
	require.Equal(t, "agreed", form.Get("ExternalId"))
	require.Equal(t, "carillon", form.Get("RoleSessionName"))

	end.Store(true)
	p.send(t, queue, "with the second")
	require.NoError(t, out.Wait(soon(t), 2))
	p.untilHolds(t, queue, 0)
	b.stop(t)
	// A poll that was let in before may bring the message, and its delete is refused; both may be, and each asks for credentials.
	require.Greater(t, tokens.given.Load(), int32(1))
}

// The keys of the environment are taken when the configuration has none.
func TestEnvironmentSignsWhenTheConfigurationDoesNot(t *testing.T) {
	srv := startAWS(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "FROMENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	t.Setenv("AWS_REGION", region)
	endpoint := expiring(t, srv.Endpoint(), func(key string) bool { return key != "FROMENV" })
	p := newPlace(t, srv.Endpoint())
	queue := p.queue(t, 30)
	p.send(t, queue, "x")
	var out pipelinetest.Emitter
	p.run(t, queue, &out, func(c *sqs.Config) {
		empty := sqs.DefaultConfig()
		c.Endpoint, c.Region, c.AccessKeyID, c.SecretAccessKey = endpoint, "", empty.AccessKeyID, empty.SecretAccessKey
	})
	require.NoError(t, out.Wait(soon(t), 1))
	p.untilHolds(t, queue, 0)
}

// The endpoint of the configuration is in front of that of the environment.
func TestConfiguredEndpointIsTaken(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	srv := startAWS(t)
	p := newPlace(t, srv.Endpoint())
	queue := p.queue(t, 30)
	p.send(t, queue, "x")
	var out pipelinetest.Emitter
	p.run(t, queue, &out, func(c *sqs.Config) { c.Endpoint = srv.Endpoint() })
	require.NoError(t, out.Wait(soon(t), 1))
	p.untilHolds(t, queue, 0)
}
