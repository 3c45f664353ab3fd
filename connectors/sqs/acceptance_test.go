package sqs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/connectors/connectortest"
	"carillon/connectors/sqs"
	"carillon/pipeline"
)

func TestAcceptance(t *testing.T) { connectortest.Source(t, localDriver(false)) }

func TestAcceptanceOfFIFO(t *testing.T) { connectortest.Source(t, localDriver(true)) }

// mostInHand is how many messages the source may hold.
const mostInHand = 30

// stage is a queue behind a front that can be cut, and what is known of it.
type stage struct {
	*place

	front *front
	url   string
	fifo  bool
}

// newStage makes a queue at endpoint.
func newStage(t *testing.T, endpoint string, fifo bool, visibility int) *stage {
	t.Helper()
	s := &stage{place: newPlace(t, endpoint), front: newFront(t, endpoint), fifo: fifo}
	if !fifo {
		s.url = s.queue(t, visibility)
		return s
	}
	s.url = s.place.fifo(t)
	_, err := s.sqs.SetQueueAttributes(t.Context(), &awssqs.SetQueueAttributesInput{
		QueueUrl: &s.url, Attributes: map[string]string{"VisibilityTimeout": strconv.Itoa(visibility)},
	})
	require.NoError(t, err)
	return s
}

// driver has what all endpoints share.
func (s *stage) driver(t *testing.T) connectortest.SourceDriver {
	t.Helper()
	d := connectortest.SourceDriver{
		Open:          func(set pipeline.Settings) (pipeline.Source, error) { return s.source(set, s.url) },
		Misplace:      func(set pipeline.Settings) (pipeline.Source, error) { return s.source(set, s.missing()) },
		MisplacedName: s.missing(),
		Put:           func(bodies ...string) { s.put(t, bodies) },
		Taken: func() int {
			n, err := strconv.Atoi(s.attributes(t, s.url)["ApproximateNumberOfMessagesNotVisible"])
			require.NoError(t, err)
			return n
		},
		MostTaken: mostInHand, Cut: s.front.cut, Drain: 5 * time.Second, Secrets: []string{secret}, Ordered: s.fifo,
		Waived: map[connectortest.Ability]string{},
	}
	if !s.fifo {
		d.Waived[connectortest.Order] = "a standard queue has no order"
	}
	return d
}

func (s *stage) missing() string {
	if stem, ok := strings.CutSuffix(s.url, ".fifo"); ok {
		return stem + "-missing.fifo"
	}
	return s.url + "-missing"
}

// source builds a source for a queue. A FIFO queue has one poller at awslocal, which holds no groups back.
func (s *stage) source(set pipeline.Settings, queue string) (pipeline.Source, error) {
	cfg := sqs.DefaultConfig()
	cfg.QueueURL, cfg.Region, cfg.Endpoint, cfg.MaxPollers, cfg.MaxInHand = queue, region, s.front.URL, 2, mostInHand
	if s.fifo {
		cfg.MaxPollers = 1
	}
	cfg.AccessKeyID, cfg.SecretAccessKey = pipeline.NewSecret(keyID), pipeline.NewSecret(secret)
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return sqs.Factory().New(&cfg, set)
}

// put sends in batches, so that polls come back with several messages.
func (s *stage) put(t *testing.T, bodies []string) {
	t.Helper()
	for chunk := range slices.Chunk(bodies, 10) {
		entries := make([]types.SendMessageBatchRequestEntry, len(chunk))
		for i := range chunk {
			id, group := strconv.Itoa(i), "meeting"
			entries[i] = types.SendMessageBatchRequestEntry{Id: &id, MessageBody: &chunk[i]}
			if s.fifo {
				entries[i].MessageGroupId = &group
			}
		}
		out, err := s.sqs.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: &s.url, Entries: entries})
		require.NoError(t, err)
		for _, f := range out.Failed {
			require.Fail(t, "not sent", "%s: %s", *f.Code, *f.Message)
		}
	}
}

// localDriver makes drivers with a queue at awslocal, whose time the suite moves on.
func localDriver(fifo bool) func(*testing.T) connectortest.SourceDriver {
	return func(t *testing.T) connectortest.SourceDriver {
		t.Helper()
		return newLocalDriver(t, fifo)
	}
}

func newLocalDriver(t *testing.T, fifo bool) connectortest.SourceDriver {
	t.Helper()
	srv, err := awslocal.Start(awslocal.Options{})
	require.NoError(t, err)
	s := newStage(t, srv.Endpoint(), fifo, 30)
	complaints := watchDeletes(srv)
	d := s.driver(t)
	d.Again = func() { srv.Advance(31 * time.Second) }
	d.Pending = func() []string {
		bodies, err := srv.Bodies(s.url)
		require.NoError(t, err)
		return bodies
	}
	d.Complaints = complaints
	d.Close = func() {
		s.front.close()
		s.close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(t, srv.Close(ctx))
	}
	return d
}

// watchDeletes returns what there is to say about the handles that were used to delete.
func watchDeletes(srv *awslocal.Server) func() []string {
	var mu sync.Mutex
	times := map[string]int{}
	srv.SetFaults(awslocal.Faults{Entry: func(op, handle string) *awslocal.APIError {
		if op == "sqs:DeleteMessageBatch" {
			mu.Lock()
			defer mu.Unlock()
			times[handle]++
		}
		return nil
	}})
	return func() (out []string) {
		mu.Lock()
		defer mu.Unlock()
		for handle, n := range times {
			if n > 1 {
				out = append(out, fmt.Sprintf("handle %s was deleted %d times", handle, n))
			}
		}
		return out
	}
}

// inspect returns the bodies of all messages that fauxqs keeps in a queue.
func inspect(t *testing.T, endpoint, queue string) []string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint+"/_fauxqs/queues/"+queue[lastSlash(queue)+1:], http.NoBody)
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	type message struct{ Body string }
	var state struct {
		Messages struct {
			Ready, Delayed []message
			InFlight       []struct{ Message message }
		}
	}
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&state))
	var out []string
	for _, m := range slices.Concat(state.Messages.Ready, state.Messages.Delayed) {
		out = append(out, m.Body)
	}
	for _, m := range state.Messages.InFlight {
		out = append(out, m.Message.Body)
	}
	return out
}

// front passes requests on to an endpoint until it is cut: then it hangs up.
type front struct {
	*httptest.Server
	gone atomic.Bool
	to   *http.Transport
}

func newFront(t *testing.T, endpoint string) *front {
	t.Helper()
	to, err := url.Parse(endpoint)
	require.NoError(t, err)
	f := &front{to: &http.Transport{}}
	proxy := &httputil.ReverseProxy{
		Transport: f.to, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.gone.Load() {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(w, r)
	}))
	return f
}

func (f *front) cut() func() {
	f.gone.Store(true)
	f.CloseClientConnections()
	return func() { f.gone.Store(false) }
}

func (f *front) close() {
	f.CloseClientConnections()
	f.Close()
	f.to.CloseIdleConnections()
}
