package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"carillon/connectors/format"
	"carillon/connectors/webhook"
	"carillon/pipeline"
)

// webhookFar is an HTTP server that reads what it gets and counts.
type webhookFar struct {
	server *http.Server
	url    string
	count  atomic.Int64
	done   chan error
}

func newWebhookFar(ctx context.Context) (*webhookFar, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for requests: %w", err)
	}
	f := &webhookFar{url: "http://" + l.Addr().String() + "/chime", done: make(chan error, 1)}
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: stall}
	go func() { f.done <- f.server.Serve(l) }()
	return f, nil
}

// ServeHTTP implements http.Handler.
func (f *webhookFar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	f.count.Add(1)
	w.WriteHeader(http.StatusNoContent)
}

func (f *webhookFar) name() string { return "an HTTP server in this process" }

func (f *webhookFar) renew(context.Context) error {
	f.count.Store(0)
	return nil
}

func (f *webhookFar) keys() map[string]any { return map[string]any{"url": f.url} }

func (f *webhookFar) loop(_ context.Context, events []pipeline.Event) (bareLoop, error) {
	messages, err := encoded(webhook.DefaultConfig().Format, events)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: mostInFlight, DisableCompression: true}
	l := &webhookLoop{url: f.url, messages: messages, transport: transport, client: &http.Client{Transport: transport}}
	now := strconv.FormatInt(time.Now().Unix(), 10)
	for i, m := range messages {
		header := http.Header{
			"User-Agent": {"Carillon"}, "Content-Type": {m.ContentType}, "Webhook-Id": {events[i].ID.String()}, "Webhook-Timestamp": {now},
		}
		for _, a := range m.Attributes {
			header.Set(a.Name, format.HeaderValue(a.Value))
		}
		l.headers = append(l.headers, header)
	}
	return l, nil
}

func (f *webhookFar) held(context.Context) (int, error) { return int(f.count.Load()), nil }

func (f *webhookFar) close() error {
	err := f.server.Close()
	if serveErr := <-f.done; !errors.Is(serveErr, http.ErrServerClosed) {
		err = errors.Join(err, serveErr)
	}
	return err
}

// webhookLoop posts one event after the other.
type webhookLoop struct {
	url       string
	transport *http.Transport
	client    *http.Client
	messages  []format.Message
	headers   []http.Header
}

func (l *webhookLoop) send(ctx context.Context, from, to int) error {
	for i := from; i < to; i++ {
		if err := l.post(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

var errRefused = errors.New("the receiver does not accept")

func (l *webhookLoop) post(ctx context.Context, i int) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(l.messages[i].Body))
	if err != nil {
		return err
	}
	req.Header = l.headers[i]
	resp, err := l.client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if err == nil && resp.StatusCode != http.StatusNoContent {
		err = fmt.Errorf("%w: %s", errRefused, resp.Status)
	}
	return err
}

func (l *webhookLoop) close() error {
	l.transport.CloseIdleConnections()
	return nil
}
