package sns

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
)

const (
	certificatesKept = 16
	failuresKept     = 64
	fetchesAtOnce    = 4
	// How long a certificate that was refused is not fetched again, and one that could not be had.
	refusedFor     = time.Minute
	unavailableFor = 5 * time.Second
)

// certificates fetches signing certificates and remembers them by URL. Certificates and failures are remembered apart, so
// that invented URLs cannot push out the certificate in use. It is safe for concurrent use and starts no goroutine.
type certificates struct {
	client  *http.Client
	clock   func() time.Time
	metrics *metrics
	flight  singleflight.Group
	slots   *semaphore.Weighted

	mu     sync.Mutex
	known  recent[*x509.Certificate]
	failed recent[failure]
}

// failure is what came of a fetch, believed from at to until.
type failure struct {
	err       error
	at, until time.Time
}

func newCertificates(client *http.Client, clock func() time.Time, m *metrics) *certificates {
	return &certificates{
		client: client, clock: clock, metrics: m,
		slots:  semaphore.NewWeighted(fetchesAtOnce),
		known:  recent[*x509.Certificate]{limit: certificatesKept},
		failed: recent[failure]{limit: failuresKept},
	}
}

// key returns the key of the certificate at url, which pin made, if it was issued to one of names and is in force. The error
// is a *refusal or wraps errUnavailable. Requests for one URL share one fetch, which goes on when theirs are given up: it
// takes at most 5 s.
func (c *certificates) key(ctx context.Context, url string, names []string) (*rsa.PublicKey, error) {
	cert, err := c.remembered(url)
	if cert == nil && err == nil {
		_, err, _ = c.flight.Do(url, func() (any, error) {
			return nil, c.get(context.WithoutCancel(ctx), url, names)
		})
		if err == nil {
			cert, err = c.remembered(url)
		}
	}
	if err != nil {
		return nil, err
	}
	if cert == nil {
		return nil, fmt.Errorf("%w: pushed out by others", errUnavailable)
	}
	return inForce(cert, c.clock())
}

// remembered returns neither a certificate nor an error for a URL that nothing is known about.
func (c *certificates) remembered(url string) (*x509.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cert, ok := c.known.get(url); ok {
		return cert, nil
	}
	now := c.clock()
	if f, ok := c.failed.get(url); ok && !now.Before(f.at) && now.Before(f.until) {
		return nil, f.err
	}
	return nil, nil //nolint:nilnil // the third answer, as documented
}

// get fetches, checks and remembers what is at url.
func (c *certificates) get(ctx context.Context, url string, names []string) error {
	if cert, err := c.remembered(url); cert != nil || err != nil {
		return err
	}
	cert, err := c.fetch(ctx, url, names)
	c.metrics.fetched(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		hold := refusedFor
		if errors.Is(err, errUnavailable) {
			hold = unavailableFor
		}
		now := c.clock()
		c.failed.put(url, failure{err: err, at: now, until: now.Add(hold)})
		return err
	}
	c.known.put(url, cert)
	return nil
}

func (c *certificates) fetch(ctx context.Context, url string, names []string) (*x509.Certificate, error) {
	wait, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if err := c.slots.Acquire(wait, 1); err != nil {
		return nil, fmt.Errorf("%w: too many are being fetched", errUnavailable)
	}
	defer c.slots.Release(1)
	file, err := fetch(wait, c.client, url)
	if err != nil {
		return nil, err
	}
	return parseCertificate(file, names, c.clock())
}
