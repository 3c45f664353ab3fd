package awslocal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxPutEntries = 10
	maxPutSize    = 1 << 20
	maxRules      = 300
)

// bus is the default event bus. It is safe for concurrent use.
type bus struct {
	server *Server
	client *http.Client

	mu    sync.Mutex
	rules []*rule
}

func newBus(s *Server, client *http.Client) *bus { return &bus{server: s, client: client} }

// putEntry is one event as a caller of PutEvents gives it.
type putEntry struct {
	Source       string   `json:"Source"`
	DetailType   string   `json:"DetailType"`
	Detail       string   `json:"Detail"`
	Resources    []string `json:"Resources"`
	Time         *float64 `json:"Time"`
	EventBusName string   `json:"EventBusName"`
}

type putInput struct {
	Entries []putEntry `json:"Entries"`
}

// putResult is the answer for one entry, in the place that the entry had.
type putResult struct {
	EventID      string `json:"EventId,omitempty"`
	ErrorCode    string `json:"ErrorCode,omitempty"`
	ErrorMessage string `json:"ErrorMessage,omitempty"`
}

type putOutput struct {
	FailedEntryCount int         `json:"FailedEntryCount"`
	Entries          []putResult `json:"Entries"`
}

func (b *bus) putEvents(_ context.Context, in *putInput) (any, error) {
	if n := len(in.Entries); n < 1 || n > maxPutEntries {
		return nil, badRequest("ValidationException", "Entries must have 1 to 10 members.")
	}
	total := 0
	for i := range in.Entries {
		total += in.Entries[i].size()
	}
	if total > maxPutSize {
		return nil, badRequest("ValidationException", "Total size of the entries in the request is over the limit.")
	}
	out := putOutput{Entries: make([]putResult, len(in.Entries))}
	for i := range in.Entries {
		id, err := b.tryPut(&in.Entries[i])
		if err == nil {
			out.Entries[i].EventID = id
			continue
		}
		ae := asAPIError(err)
		out.Entries[i] = putResult{ErrorCode: ae.Code, ErrorMessage: ae.Message}
		out.FailedEntryCount++
	}
	return out, nil
}

// size returns what an entry counts towards the limit: 14 bytes for a time, and the bytes of its texts.
func (e *putEntry) size() int {
	total := len(e.Source) + len(e.DetailType) + len(e.Detail)
	if e.Time != nil {
		total += 14
	}
	for _, r := range e.Resources {
		total += len(r)
	}
	return total
}

func (e *putEntry) check() error {
	switch {
	case e.EventBusName != "" && lastOf(e.EventBusName, "/") != "default":
		return badRequest("InvalidArgument", "Only the default event bus is served here.")
	case e.Source == "" || e.DetailType == "" || e.Detail == "":
		return badRequest("InvalidArgument", "Parameter Source, DetailType or Detail is not valid. Reason: it is a required argument.")
	case strings.HasPrefix(e.Source, "aws."):
		return badRequest("NotAuthorizedForSourceException", "Not authorized for the source.")
	case !isObject([]byte(e.Detail)):
		return badRequest("MalformedDetail", "Detail is malformed.")
	}
	return nil
}

func isObject(body []byte) bool {
	return json.Valid(body) && bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{"))
}

// event is the envelope in which EventBridge hands events on.
type event struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// tryPut is put with the faults before it.
func (b *bus) tryPut(e *putEntry) (string, error) {
	if fault := b.server.faults.entry("events:PutEvents", e.Detail); fault != nil {
		return "", fault
	}
	return b.put(e)
}

// put accepts one entry and returns the id it got.
func (b *bus) put(e *putEntry) (string, error) {
	if err := e.check(); err != nil {
		return "", err
	}
	at := b.server.clock.now()
	if e.Time != nil {
		whole, part := math.Modf(*e.Time)
		at = time.Unix(int64(whole), int64(part*1e9))
	}
	ev := event{
		Version: "0", ID: newID(), DetailType: e.DetailType, Source: e.Source, Account: b.server.opts.Account,
		Time: at.UTC().Format(secondsLayout), Region: b.server.opts.Region,
		Resources: slices.Concat([]string{}, e.Resources), Detail: json.RawMessage(e.Detail),
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(ev); err != nil {
		return "", badRequest("MalformedDetail", "Detail is malformed.")
	}
	return ev.ID, b.route(ev.Source, ev.DetailType, bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
}

// route hands body to the targets of every rule that matches. It returns once the deliveries to API destinations are
// queued.
func (b *bus) route(source, detailType string, body []byte) error {
	rules := b.matching(source, detailType)
	posts := 0
	for _, r := range rules {
		if r.to != nil {
			posts++
		}
	}
	if !b.server.dispatcher.reserve(posts) {
		return badRequest("ThrottlingException", "Too many deliveries are pending.")
	}
	stats := &b.server.stats.bus
	for _, r := range rules {
		body := body
		if r.Input != "" {
			body = []byte(r.Input)
		}
		if r.to != nil {
			now := b.server.clock.now()
			b.server.dispatcher.add(r.to.slot(now), b.invoke(r, body, now))
		}
		if r.Queue == "" {
			continue
		}
		switch {
		case b.server.queues.deliver(r.Queue, string(body), nil) == nil:
			stats.delivered.Add(1)
		case r.DeadLetter != "" && b.server.queues.deliver(r.DeadLetter, string(body), nil) == nil:
			stats.deadLettered.Add(1)
		default:
			stats.dropped.Add(1)
		}
	}
	return nil
}

// inject takes an event as the service itself publishes it: body is handed on as it is.
func (b *bus) inject(body []byte) error {
	var head struct {
		Source     string          `json:"source"`
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		return fmt.Errorf("reading event: %w", err)
	}
	if head.Source == "" || head.DetailType == "" || !isObject(head.Detail) {
		return errors.New("reading event: source, detail-type and the object detail are required")
	}
	return b.route(head.Source, head.DetailType, bytes.Clone(body))
}
