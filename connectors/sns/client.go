package sns

import (
	"net/http"
	"time"
)

// newClient returns a client that follows no redirect: the hosts it talks to are pinned. nil means a transport of its own.
func newClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		transport = newTransport()
	}
	return &http.Client{
		Transport:     transport,
		Timeout:       fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		TLSHandshakeTimeout:    fetchTimeout,
		MaxIdleConns:           fetchesAtOnce,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: certificateLimit,
	}
}
