package eventbridge

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// How long published keys are used before they are asked for again, and how long without an answer: an issuer that is
	// down must not stop events, but a key that was withdrawn must end one day.
	keysFresh = 15 * time.Minute
	keysUsed  = 24 * time.Hour
	// The least time between two questions, and while there is no answer at all. It bounds what strangers with invented
	// keys can make this process ask.
	keysPause = 30 * time.Second
	keysRetry = 5 * time.Second
	// A request is handled within 4 s.
	keysTimeout = 3 * time.Second
	keysLimit   = 256 << 10
)

// keys are the keys that the issuer publishes at a URL. They are fetched when a request needs them: no goroutine does it.
// It is safe for concurrent use.
type keys struct {
	url       string
	clock     func() time.Time
	metrics   *metrics
	transport *http.Transport
	client    *http.Client
	flight    singleflight.Group

	mu    sync.Mutex
	set   *keySet
	asked time.Time
}

func newKeys(url string, clock func() time.Time, m *metrics) *keys {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: keysTimeout,
		MaxIdleConns: 1, IdleConnTimeout: keysPause, MaxResponseHeaderBytes: keysLimit,
	}
	return &keys{
		url: url, clock: clock, metrics: m, transport: transport,
		client: &http.Client{
			Transport: transport, Timeout: keysTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (k *keys) close() { k.transport.CloseIdleConnections() }

// current returns the keys as last published, asking for them when they are old. While the issuer does not answer, the old
// ones are used for up to a day. The error wraps errKeysUnavailable.
func (k *keys) current(ctx context.Context) (*keySet, error) {
	set, due := k.state()
	if set == nil {
		return k.refresh(ctx, nil)
	}
	age := k.clock().Sub(set.at)
	if (age < 0 || age >= keysFresh) && due {
		if newer, err := k.refresh(ctx, set); err == nil {
			return newer, nil
		}
	}
	if age >= keysUsed {
		return nil, fmt.Errorf("%w: no answer for %s", errKeysUnavailable, keysUsed)
	}
	return set, nil
}

// newer asks for the keys again although set is not old. It returns set itself when it is too early to ask.
func (k *keys) newer(ctx context.Context, set *keySet) (*keySet, error) { return k.refresh(ctx, set) }

// state returns what is known and whether it is time to ask again.
func (k *keys) state() (set *keySet, due bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	pause := keysPause
	if k.set == nil {
		pause = keysRetry
	}
	since := k.clock().Sub(k.asked)
	return k.set, since < 0 || since >= pause
}

// refresh replaces have. Requests that need it at the same time share one question, which goes on when theirs are given
// up. When it is too early to ask the answer is have, or an error while there is none.
func (k *keys) refresh(ctx context.Context, have *keySet) (*keySet, error) {
	_, err, _ := k.flight.Do("", func() (any, error) {
		set, due := k.state()
		if set != have || (!due && have != nil) {
			return nil, nil //nolint:nilnil // what was found is in k.set
		}
		if !due {
			return nil, fmt.Errorf("%w: asked a moment ago", errKeysUnavailable)
		}
		return nil, k.ask(context.WithoutCancel(ctx))
	})
	if err != nil {
		return nil, err
	}
	set, _ := k.state()
	return set, nil
}

// ask fetches the keys and remembers them.
func (k *keys) ask(ctx context.Context) error {
	now := k.clock()
	k.mu.Lock()
	k.asked = now
	k.mu.Unlock()
	set, err := k.fetch(ctx, now)
	k.metrics.fetchedKeys(err)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.set = set
	return nil
}

func (k *keys) fetch(ctx context.Context, now time.Time) (*keySet, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errKeysUnavailable, err)
	}
	r.Header.Set("Accept", "application/json")
	resp, err := k.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errKeysUnavailable, err)
	}
	defer func() { _ = resp.Body.Close() }() // Read to its end or given up: there is nothing to lose.
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: status %d", errKeysUnavailable, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, keysLimit+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errKeysUnavailable, err)
	}
	if len(body) > keysLimit {
		return nil, fmt.Errorf("%w: more than %d bytes", errKeysUnavailable, keysLimit)
	}
	return readKeys(ctx, body, now)
}
