package eventbridge_test

import (
	"flag"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/receive/receivetest"
	"carillon/pipeline"
	"carillon/pipeline/ingest"
)

var hostile = flag.Int("hostile", 100_000, "how many hostile requests the soak sends to each entrance")

// heapGrowth is what may be in use after a flood beyond what was before it: connections, buffers of the pool, a few tables.
const heapGrowth = 24 << 20

// entrance is a source with the real ingest behind it, on a socket.
type entrance struct {
	*harness
	journal *receivetest.Journal
	server  *httptest.Server
	flood   receivetest.Flood
}

func serve(t *testing.T, h *harness) *entrance {
	t.Helper()
	e := &entrance{harness: h, journal: &receivetest.Journal{}}
	h.run(t, ingest.New(e.journal).Emitter(pipeline.Settings{
		ID: "bus", Logger: slog.New(slog.DiscardHandler), Registerer: h.registry, Clock: h.clock.Now,
	}))
	e.server = httptest.NewServer(h.handler)
	t.Cleanup(e.server.Close)
	e.flood = receivetest.Flood{Addr: e.server.Listener.Addr().String(), Connections: 8}
	return e
}

// TestSoak floods each kind of authorization with hostile requests, half of them from somebody who has the right key.
func TestSoak(t *testing.T) {
	i := newIssuer(t)
	kinds := map[string]struct {
		build func() *harness
		good  func(*harness) string
	}{
		"api key": {func() *harness { return build(t, nil) }, nil},
		"jwt": {
			func() *harness { return buildJWT(t, i, nil) },
			func(h *harness) string { return i.token(t, 0, header("one"), goodClaims(h.clock.Now())) },
		},
	}
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			h := kind.build()
			auth := []string{"X-Api-Key", key}
			if kind.good != nil {
				auth = []string{"Authorization", "Bearer " + kind.good(h)}
			}
			serve(t, h).soak(t, *hostile/len(kinds), auth)
		})
	}
}

func (e *entrance) soak(t *testing.T, n int, auth []string) {
	t.Helper()
	good := []byte(strings.TrimSpace(event(t)))
	before, earlier := receivetest.Heap(), receivetest.Sum(t, e.registry, "carillon_eventbridge_requests_total")
	tally := e.flood.Send(t, n, func(r *rand.Rand) []byte { return hostileRequest(r, good, auth) })
	outcomes := e.values(t, "carillon_eventbridge_requests_total")
	require.Equal(t, n, tally.Total())
	require.Equal(t, n, receivetest.Sum(t, e.registry, "carillon_eventbridge_requests_total")-earlier, "every request has one outcome")
	require.Equal(t, tally[http.StatusOK], outcomes["stored"])
	require.Equal(t, tally[http.StatusUnauthorized], outcomes["unauthorized"])
	require.Equal(t, outcomes["unauthorized"], receivetest.Sum(t, e.registry, "carillon_eventbridge_denials_total"))
	require.Zero(t, tally[http.StatusInternalServerError])
	require.Greater(t, outcomes["stored"], n/10)
	require.Greater(t, outcomes["unauthorized"], n/10)

	e.flood.Break(t, max(1, n/100), func(r *rand.Rand) []byte { return receivetest.Garbage(r, "/eventbridge", good) })
	e.requireSettled(t)
	stored := e.journal.Raw()
	require.Equal(t, receivetest.Tally{http.StatusOK: 1}, e.flood.Send(t, 1, func(*rand.Rand) []byte {
		return receivetest.Request(http.MethodPost, "/eventbridge", good, auth...)
	}))
	require.Equal(t, stored+1, e.journal.Raw(), "a good event still passes")
	e.server.CloseClientConnections()
	require.Less(t, receivetest.Heap(), before+heapGrowth)
	t.Logf("answers by status: %v; outcomes: %v", tally, e.values(t, "carillon_eventbridge_requests_total"))
}

// requireSettled checks I2: what was taken out of the requests is in one place each. What failed is of clients that went away
// before the answer.
func (e *entrance) requireSettled(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		return receivetest.Sum(t, e.registry, "carillon_eventbridge_requests_in_flight") == 0
	}, 20*time.Second, time.Millisecond)
	received := receivetest.Sum(t, e.registry, "carillon_ingest_received_total")
	filtered := receivetest.Sum(t, e.registry, "carillon_ingest_filtered_total")
	failed := receivetest.Sum(t, e.registry, "carillon_ingest_failed_total")
	require.Positive(t, received)
	require.Equal(t, received, e.journal.Raw()+e.journal.Quarantined()+filtered+failed)
	require.Equal(t, e.journal.Raw(), receivetest.Sum(t, e.registry, "carillon_ingest_stored_total"))
	require.Equal(t, e.journal.Quarantined(), receivetest.Sum(t, e.registry, "carillon_ingest_quarantined_total"))
}

// hostileRequest is well-formed HTTP and nothing that EventBridge would send.
func hostileRequest(r *rand.Rand, good []byte, auth []string) []byte {
	body := receivetest.Spoil(r, good)
	switch r.IntN(10) {
	case 0:
		return receivetest.Request([]string{"GET", "PUT", "DELETE", "OPTIONS", "TRACE", "X"}[r.IntN(6)], "/eventbridge", body, auth...)
	case 1:
		return receivetest.Request(http.MethodPost, "/eventbridge", body)
	case 2:
		return receivetest.Request(http.MethodPost, "/eventbridge", good, auth[0], string(printable(r, 1+r.IntN(2000))))
	case 3:
		return receivetest.Request(http.MethodPost, "/eventbridge", good, "Authorization", "Bearer eyJhbGciOiJub25lIn0."+string(printable(r, 1+r.IntN(500))))
	case 4:
		return receivetest.Request(http.MethodPost, "/eventbridge", body, append([]string{"Content-Encoding", "gzip"}, auth...)...)
	case 5:
		return receivetest.Chunked("/eventbridge", body, 1+r.IntN(500), auth...)
	default:
		return receivetest.Request(http.MethodPost, "/eventbridge", body, auth...)
	}
}

// printable is a header value that is none of ours.
func printable(r *rand.Rand, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte('!' + r.IntN('~'-'!'+1))
	}
	return out
}
