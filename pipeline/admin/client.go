package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Client asks a running router.
type Client struct {
	// URL is the router's admin listener, such as http://127.0.0.1:9464.
	URL string
	// Token is its admin.token.
	Token string
	// HTTP sends the requests; http.DefaultClient when it is nil.
	HTTP *http.Client
}

var errCut = errors.New("the connection ended before the answer did; what was done is done: ask again for the rest")

// Sinks lists the sinks.
func (c *Client) Sinks(ctx context.Context) (out Sinks, err error) {
	return out, c.ask(ctx, http.MethodGet, "sinks", nil, &out)
}

// Sink does one of forget, rename and resume to a sink; to is for rename alone.
func (c *Client) Sink(ctx context.Context, id, what, to string) error {
	return c.ask(ctx, http.MethodPost, "sinks/"+url.PathEscape(id)+"/"+what, Rename{To: to}, &struct{}{})
}

// Dead lists up to limit dead letters that f chooses, from behind the place after.
func (c *Client) Dead(ctx context.Context, f DeadFilter, limit int, after uint64) (out DeadLetters, err error) {
	return out, c.ask(ctx, http.MethodGet, "dead?"+page(f.Query(), limit, after), nil, &out)
}

// DeadAt returns one dead letter with its body.
func (c *Client) DeadAt(ctx context.Context, place uint64) (out DeadLetter, err error) {
	return out, c.ask(ctx, http.MethodGet, "dead/"+strconv.FormatUint(place, 10), nil, &out)
}

// Quarantine lists up to limit quarantined records that f chooses, from behind the place after.
func (c *Client) Quarantine(ctx context.Context, f QuarantineFilter, limit int, after uint64) (out QuarantineList, err error) {
	return out, c.ask(ctx, http.MethodGet, "quarantine?"+page(f.Query(), limit, after), nil, &out)
}

// QuarantineAt returns one quarantined record with its body.
func (c *Client) QuarantineAt(ctx context.Context, place uint64) (out Quarantined, err error) {
	return out, c.ask(ctx, http.MethodGet, "quarantine/"+strconv.FormatUint(place, 10), nil, &out)
}

func page(v url.Values, limit int, after uint64) string {
	v.Set("limit", strconv.Itoa(limit))
	v.Set("after", strconv.FormatUint(after, 10))
	return v.Encode()
}

// Work begins one of dead/redrive, dead/drop, replay, quarantine/retry and quarantine/drop, calls tell for each line, and returns the
// last counts.
func (c *Client) Work(ctx context.Context, path string, job any, tell func(Line)) (map[string]int, error) {
	resp, err := c.send(ctx, http.MethodPost, path, job)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	var last map[string]int
	for d := json.NewDecoder(resp.Body); ; {
		var l Line
		if err := d.Decode(&l); err != nil {
			return last, errCut
		}
		if l.Counts != nil {
			last = l.Counts
		}
		tell(l)
		if l.Error != "" {
			return last, errors.New(l.Error) //nolint:err113 // the router's words
		}
		if l.Done {
			return last, nil
		}
	}
}

func (c *Client) ask(ctx context.Context, method, path string, in, out any) error {
	resp, err := c.send(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("reading the answer of %s: %w", c.URL, err)
	}
	return nil
}

// send returns an answer with status 200; every other one is an error in the router's words.
func (c *Client) send(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("writing the request: %w", err)
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.URL, "/")+Prefix+path, body)
	if err != nil {
		return nil, fmt.Errorf("asking the router: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	req.Header.Set("Content-Type", "application/json")
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err
		}
		return nil, fmt.Errorf("no router answers at %s: is it running, and is that its admin.listen? (%w)", c.URL, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	var p Problem
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxRequest)).Decode(&p); err != nil || p.Error == "" {
		return nil, fmt.Errorf("%s answers %s: is that the admin listener of a router?", c.URL, resp.Status)
	}
	return nil, errors.New(p.Error) //nolint:err113 // the router's words
}
