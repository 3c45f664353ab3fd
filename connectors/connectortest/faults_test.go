package connectortest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

// moody is a far side in memory with a weather of its own. An error at random comes before or after it took the event.
type moody struct {
	*farSide
	weather

	once bool
	has  sync.Map
}

func (m *moody) take(ctx context.Context, id chime.Identity) error {
	fate, late := m.draw()
	pass(late)
	if fate == refused || fate == lost {
		return errors.New("not now")
	}
	if m.once {
		if _, has := m.has.LoadOrStore(id, true); has {
			return ctx.Err()
		}
	}
	if err := m.farSide.take(ctx, id); err != nil {
		m.has.Delete(id)
		return err
	}
	if fate == unanswered {
		return errors.New("the answer was lost")
	}
	return nil
}

func (m *moody) driver(open func() pipeline.Sink) FaultDriver {
	return FaultDriver{
		Open: open, Accepted: m.accepted, Errors: m.Errors, Delay: m.Delay, Once: m.once,
		Cut: func() func() {
			m.setCut(true)
			return func() { m.setCut(false) }
		},
		Restart: func() {
			m.setCut(true)
			m.setCut(false)
		},
		Secrets: []string{"password"},
	}
}

// sendTo makes b send to m instead of its own far side.
func sendTo(m *moody, batch int) *broken {
	b := &broken{honest: newHonest(m.farSide, batch)}
	b.write = func(ctx context.Context, es []pipeline.Event) error {
		return b.each(es, func(e pipeline.Event) error { return m.take(ctx, e.ID) })
	}
	return b
}

// hard is quick with a far side in memory.
func hard() FaultOptions {
	return FaultOptions{Events: 600, Meetings: 20, Cut: 5 * time.Millisecond, Late: time.Millisecond, Patience: 5 * time.Second}.withDefaults()
}

func TestFaults_HonestSinksPass(t *testing.T) {
	for _, once := range []bool{false, true} {
		for _, batch := range []int{1, 8} {
			t.Run(fmt.Sprintf("once %v, batches of %d", once, batch), func(t *testing.T) {
				far := &moody{farSide: &farSide{}, once: once}
				Faults(t, far.driver(func() pipeline.Sink { return sendTo(far, batch) }), hard())
			})
		}
	}
}

// TestFaults_BrokenSinksAreSeen breaks sinks in ways that show only while something goes wrong.
func TestFaults_BrokenSinksAreSeen(t *testing.T) {
	each := func(b *broken, m *moody, f func(pipeline.Event, error) error) func(context.Context, []pipeline.Event) error {
		return func(ctx context.Context, es []pipeline.Event) error {
			return b.each(es, func(e pipeline.Event) error { return f(e, m.take(ctx, e.ID)) })
		}
	}
	for _, row := range []struct {
		name, says string
		once       bool
		apply      func(*broken, *moody)
	}{
		{"drops on error and says nil", "that Write confirmed are missing", false, func(b *broken, m *moody) {
			b.write = each(b, m, func(pipeline.Event, error) error { return nil })
		}},
		{"goes on after an error", "after one of the same meeting had failed", false, func(b *broken, m *moody) {
			b.write = func(ctx context.Context, es []pipeline.Event) error {
				var failed []pipeline.IndexError
				for i, e := range es {
					if err := m.take(ctx, e.ID); err != nil {
						failed = append(failed, pipeline.IndexError{Index: i, Err: err})
					}
				}
				if failed != nil {
					return &pipeline.BatchError{Failed: failed}
				}
				return nil
			}
		}},
		{"sends late what it said had failed", "came after a later one", false, func(b *broken, m *moody) {
			var mu sync.Mutex
			var kept []chime.Identity
			b.write = each(b, m, func(e pipeline.Event, err error) error {
				mu.Lock()
				defer mu.Unlock()
				if err != nil && len(kept) < 50 {
					kept = append(kept, e.ID)
					return nil
				}
				if err == nil && len(kept) > 0 {
					_ = m.farSide.take(context.Background(), kept[0])
					kept = kept[1:]
				}
				return err
			})
		}},
		{"gives up for a reason that passes", "Write gives up (reject)", false, func(b *broken, m *moody) {
			b.write = each(b, m, func(_ pipeline.Event, err error) error {
				if err != nil {
					return pipeline.Reject(err)
				}
				return nil
			})
		}},
		{"stops for a reason that passes", "Write gives up (fatal)", false, func(b *broken, m *moody) {
			b.write = each(b, m, func(_ pipeline.Event, err error) error {
				if err != nil {
					return pipeline.Fatal(err)
				}
				return nil
			})
		}},
		{"tells a secret", `an error tells "password"`, false, func(b *broken, m *moody) {
			b.write = each(b, m, func(_ pipeline.Event, err error) error {
				if err != nil {
					return fmt.Errorf("with the password: %w", err)
				}
				return nil
			})
		}},
		{"repeats where nothing may be", "and none may be", true, func(b *broken, m *moody) {
			b.write = each(b, m, func(e pipeline.Event, err error) error {
				if err != nil {
					_ = m.farSide.take(context.Background(), e.ID)
				}
				return err
			})
		}},
		{"repeats without a need", "although nothing was wrong", false, func(b *broken, m *moody) {
			b.write = each(b, m, func(e pipeline.Event, err error) error {
				return errors.Join(err, m.farSide.take(context.Background(), e.ID))
			})
		}},
		{"never recovers", "nothing was accepted for", false, func(b *broken, m *moody) {
			var mu sync.Mutex
			var broke error
			b.write = each(b, m, func(_ pipeline.Event, err error) error {
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					broke = err
				}
				return broke
			})
		}},
		{"invents an event", "that was not sent", false, func(b *broken, m *moody) {
			b.close = func(ctx context.Context) error { return m.farSide.take(ctx, chime.Identity{1}) }
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := &moody{farSide: &farSide{}, once: row.once}
			d := m.driver(func() pipeline.Sink {
				b := sendTo(m, 8)
				row.apply(b, m)
				return b
			})
			o := hard()
			o.Patience = short
			require.Contains(t, strings.Join(disturbed(d, o).failures, "\n"), row.says)
		})
	}
}

func disturbed(d FaultDriver, o FaultOptions) *recorder {
	rec := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		disturb(rec, d, o)
	}()
	<-done
	return rec
}

func TestFaults_WaiversNeedAReasonAndANeed(t *testing.T) {
	run := func(change func(*FaultDriver)) []string {
		m := &moody{farSide: &farSide{}}
		d := m.driver(func() pipeline.Sink { return sendTo(m, 1) })
		change(&d)
		return disturbed(d, hard()).failures
	}
	require.Empty(t, run(func(d *FaultDriver) { d.Restart, d.Waived = nil, map[Ability]string{Restart: "it is in memory"} }))
	require.Len(t, run(func(d *FaultDriver) { d.Restart = nil }), 1)
	require.Len(t, run(func(d *FaultDriver) { d.Waived = map[Ability]string{Cut: "it is in memory"} }), 1)
}

// TestServer_AndProxy sends numbers through both and looks at what becomes of them in every weather.
func TestServer_AndProxy(t *testing.T) {
	var mu sync.Mutex
	got := map[string]int{}
	server := NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got[r.URL.Path]++
		w.WriteHeader(http.StatusNoContent)
	}))
	proxy := NewProxy(t, strings.TrimPrefix(server.URL(), "http://"))
	n := 0
	send := func(base string) (path string, ok bool) {
		n++
		path = fmt.Sprintf("/%d", n)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+path, http.NoBody)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return path, false
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		require.NoError(t, resp.Body.Close())
		return path, resp.StatusCode == http.StatusNoContent
	}
	has := func(path string) bool {
		mu.Lock()
		defer mu.Unlock()
		return got[path] > 0
	}
	for name, far := range map[string]struct {
		url    string
		cut    func() func()
		errors func(float64) func()
		delay  func(time.Duration) func()
	}{
		"server": {server.URL(), server.Cut, server.Errors, server.Delay},
		"proxy":  {"http://" + proxy.Addr(), proxy.Cut, proxy.Errors, proxy.Delay},
	} {
		t.Run(name, func(t *testing.T) {
			defer http.DefaultClient.CloseIdleConnections()
			_, ok := send(far.url)
			require.True(t, ok)
			mend := far.cut()
			path, ok := send(far.url)
			require.False(t, ok)
			require.False(t, has(path))
			mend()
			_, ok = send(far.url)
			require.True(t, ok)

			end := far.errors(0.5)
			var failed, lost int
			for range 200 {
				path, ok := send(far.url)
				require.True(t, !ok || has(path), "what is confirmed is there")
				if !ok {
					failed++
				}
				if !ok && has(path) {
					lost++
				}
			}
			end()
			require.NotZero(t, lost, "answers get lost")
			require.Less(t, lost, failed, "and so do requests")
			require.Less(t, failed, 200)

			end = far.delay(20 * time.Millisecond)
			began := time.Now()
			for range 10 {
				_, ok := send(far.url)
				require.True(t, ok)
			}
			require.Greater(t, time.Since(began), 10*time.Millisecond)
			end()

			server.Restart()
			_, _ = send(far.url) // may use a connection that is gone
			_, ok = send(far.url)
			require.True(t, ok)
		})
	}
	proxy.Point("127.0.0.1:1")
	_, ok := send("http://" + proxy.Addr())
	require.False(t, ok)
	_, err := new(net.Dialer).DialContext(t.Context(), "tcp", proxy.Addr())
	require.NoError(t, err, "the proxy itself is there")
}
