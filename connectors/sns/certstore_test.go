package sns_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/pipelinetest"
)

func TestCertificateIsFetchedOnce(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	for i := range 20 {
		m := notification(event).with("MessageId", strconv.Itoa(i))
		require.Equal(t, http.StatusOK, h.post(h.signer.body(t, m), nil).Code)
	}
	require.Len(t, out.Stored(), 20)
	require.Equal(t, []string{certURL}, h.certs.requests())
	require.Equal(t, map[string]int{"good": 1, "refused": 0, "unavailable": 0}, h.fetches(t))
}

func TestConcurrentRequestsShareOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, out := build(t, nil), &pipelinetest.Emitter{}
		file := h.signer.certificate(t, certOptions{})
		goOn := make(chan struct{})
		h.certs.serve(certURL, func() (*http.Response, error) {
			<-goOn
			return response(http.StatusOK, string(file), nil), nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.source.Run(ctx, out) }()
		synctest.Wait()
		body := h.signer.body(t, notification(event))
		var all sync.WaitGroup
		var good atomic.Int32
		for range 10 {
			all.Go(func() {
				if h.post(body, nil).Code == http.StatusOK {
					good.Add(1)
				}
			})
		}
		synctest.Wait()
		close(goOn)
		all.Wait()
		require.Equal(t, int32(10), good.Load())
		require.Len(t, h.certs.requests(), 1)
		cancel()
		require.NoError(t, <-done)
	})
}

func TestUnavailableCertificateIsAskedForAgain(t *testing.T) {
	answers := map[string]func() (*http.Response, error){
		"network":   func() (*http.Response, error) { return nil, errAway },
		"not found": func() (*http.Response, error) { return response(http.StatusNotFound, "", nil), nil },
		"forbidden": func() (*http.Response, error) { return response(http.StatusForbidden, "", nil), nil },
		"slow down": func() (*http.Response, error) { return response(http.StatusTooManyRequests, "", nil), nil },
		"server":    func() (*http.Response, error) { return response(http.StatusInternalServerError, "", nil), nil },
		"cut off": func() (*http.Response, error) {
			resp := response(http.StatusOK, "", nil)
			resp.Body = errBody{}
			return resp, nil
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			h, out := build(t, nil), &pipelinetest.Emitter{}
			h.run(t, out)
			h.certs.serve(certURL, answer)
			body := h.signer.body(t, notification(event))
			for range 3 {
				require.Equal(t, http.StatusServiceUnavailable, h.post(body, nil).Code, "SNS must try again")
			}
			require.Len(t, h.certs.requests(), 1, "not asked for again at once")
			require.Equal(t, 3, h.outcomes(t)["certificate_unavailable"])
			require.Equal(t, 1, h.fetches(t)["unavailable"])
			require.Empty(t, out.Stored())

			h.certs.serveFile(certURL, h.signer.certificate(t, certOptions{}))
			h.clock.Advance(5 * time.Second)
			require.Equal(t, http.StatusOK, h.post(body, nil).Code)
			require.Len(t, out.Stored(), 1)
		})
	}
}

type errBody struct{}

func (errBody) Read([]byte) (int, error) { return 0, errAway }
func (errBody) Close() error             { return nil }

func TestRefusedCertificateIsRememberedForAMinute(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	h.certs.serveFile(certURL, []byte("nonsense"))
	body := h.signer.body(t, notification(event))
	for range 3 {
		require.Equal(t, http.StatusForbidden, h.post(body, nil).Code)
		h.clock.Advance(20*time.Second - time.Millisecond)
	}
	require.Len(t, h.certs.requests(), 1)
	h.certs.serveFile(certURL, h.signer.certificate(t, certOptions{}))
	h.clock.Advance(time.Second)
	require.Equal(t, http.StatusOK, h.post(body, nil).Code)
}

func TestClockStepBackForgetsFailures(t *testing.T) {
	h := build(t, nil)
	h.run(t, &pipelinetest.Emitter{})
	h.certs.serveFile(certURL, []byte("nonsense"))
	body := h.signer.body(t, notification(event))
	require.Equal(t, http.StatusForbidden, h.post(body, nil).Code)
	h.clock.Advance(-10 * time.Minute)
	h.certs.serveFile(certURL, h.signer.certificate(t, certOptions{}))
	require.Equal(t, http.StatusOK, h.post(body, nil).Code)
}

func TestInventedURLsDoNotPushOutTheCertificateInUse(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	body := h.signer.body(t, notification(event))
	require.Equal(t, http.StatusOK, h.post(body, nil).Code)
	for i := range 200 {
		url := fmt.Sprintf("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-%032x.pem", i)
		forged := h.signer.body(t, notification(event).with("SigningCertURL", url))
		require.Equal(t, http.StatusServiceUnavailable, h.post(forged, nil).Code)
	}
	asked := len(h.certs.requests())
	require.Equal(t, http.StatusOK, h.post(body, nil).Code)
	require.Len(t, h.certs.requests(), asked)
}

func TestManyGoodCertificatesAreBounded(t *testing.T) {
	h := build(t, nil)
	h.run(t, &pipelinetest.Emitter{})
	file := h.signer.certificate(t, certOptions{})
	url := func(i int) string {
		return fmt.Sprintf("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-%032x.pem", i)
	}
	post := func(i int) {
		require.Equal(t, http.StatusOK, h.post(h.signer.body(t, notification(event).with("SigningCertURL", url(i))), nil).Code)
	}
	for i := range 17 {
		h.certs.serveFile(url(i), file)
	}
	for i := range 16 {
		post(i)
	}
	post(0)
	require.Len(t, h.certs.requests(), 16, "all 16 are known")
	post(16)
	post(0)
	require.Len(t, h.certs.requests(), 17, "one that is used stays")
	post(1)
	require.Len(t, h.certs.requests(), 18, "the one not used for longest went")
}

func TestCertificateThatEndsIsRefusedThoughKnown(t *testing.T) {
	h, out := build(t, nil), &pipelinetest.Emitter{}
	h.run(t, out)
	h.certs.serveFile(certURL, h.signer.certificate(t, certOptions{
		commonName: "sns.amazonaws.com", from: h.clock.Now().Add(-time.Hour), to: h.clock.Now().Add(time.Minute),
	}))
	body := h.signer.body(t, notification(event))
	require.Equal(t, http.StatusOK, h.post(body, nil).Code)
	h.clock.Advance(2 * time.Minute)
	require.Equal(t, http.StatusForbidden, h.post(body, nil).Code)
	require.Equal(t, 1, h.refusals(t)["cert_expired"])
	require.Len(t, out.Stored(), 1)
}
