package sns_test

import (
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/connectors/receive/receivetest"
	"carillon/pipeline"
	"carillon/pipeline/ingest"
)

var hostile = flag.Int("hostile", 100_000, "how many hostile requests the soak sends")

// heapGrowth is what may be in use after a flood beyond what was before it: connections, buffers of the pool, a few tables,
// and what the fake host of certificates remembers.
const heapGrowth = 24 << 20

// arsenal is what the soak sends.
type arsenal struct {
	good   []byte
	rows   [][]byte
	signed [][]byte
}

// arm makes requests of the rows that need no set-up of their own, and well-signed messages with a content that is not.
func arm(t *testing.T, h *harness) *arsenal {
	t.Helper()
	a := &arsenal{good: h.signer.body(t, notification(event))}
	rows, _ := table(t, "refused.json")
	for _, r := range rows {
		if r.Certificate != nil || r.Config != (rowConfig{}) || r.Repeat > 1 || r.Reason == "signature" {
			continue
		}
		headers := []string{}
		for name, value := range r.Headers {
			headers = append(headers, name, value)
		}
		method := http.MethodPost
		if r.Method != "" {
			method = r.Method
		}
		a.rows = append(a.rows, receivetest.Request(method, "/sns", r.body(t), headers...))
	}
	spoil := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		text := fmt.Sprintf("%q", receivetest.Spoil(spoil, []byte(event)))
		a.signed = append(a.signed, h.signer.body(t, notification(text).with("SignatureVersion", "2")))
	}
	return a
}

func (a *arsenal) request(r *rand.Rand) []byte {
	switch r.IntN(8) {
	case 0, 1:
		return a.rows[r.IntN(len(a.rows))]
	case 2:
		return receivetest.Request(http.MethodPost, "/sns", a.signed[r.IntN(len(a.signed))])
	case 3:
		return receivetest.Chunked("/sns", receivetest.Spoil(r, a.good), 1+r.IntN(500))
	case 4:
		// A file that might be there.
		forged := fmt.Sprintf(`{"Type":"Notification","MessageId":"x","TopicArn":%q,"Message":"","Timestamp":"x","SignatureVersion":"1",`+
			`"Signature":"AAAA","SigningCertURL":"https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-%032x.pem"}`, topicArn, r.IntN(50))
		return receivetest.Request(http.MethodPost, "/sns", []byte(forged))
	default:
		return receivetest.Request(http.MethodPost, "/sns", receivetest.Spoil(r, a.good))
	}
}

// TestSoak floods the endpoint with hostile requests: nothing falls over, nothing is lost from the counters, and a good
// notification still passes.
func TestSoak(t *testing.T) {
	h, journal := build(t, nil), &receivetest.Journal{}
	h.run(t, ingest.New(journal).Emitter(pipeline.Settings{
		ID: "topic", Logger: slog.New(slog.DiscardHandler), Registerer: h.registry, Clock: h.clock.Now,
	}))
	server := httptest.NewServer(h.handler)
	t.Cleanup(server.Close)
	flood := receivetest.Flood{Addr: server.Listener.Addr().String(), Connections: 8}
	weapons := arm(t, h)
	before, earlier, refusedBefore := receivetest.Heap(), h.sum(t, "requests"), h.sum(t, "refusals")

	tally := flood.Send(t, *hostile, weapons.request)
	outcomes := h.outcomes(t)
	require.Equal(t, *hostile, tally.Total())
	require.Equal(t, *hostile, h.sum(t, "requests")-earlier, "every request has one outcome")
	require.Equal(t, tally[http.StatusOK], outcomes["stored"])
	require.Equal(t, tally[http.StatusServiceUnavailable], outcomes["certificate_unavailable"])
	require.Equal(t, h.sum(t, "refusals"), outcomes["refused"])
	refused := h.sum(t, "refusals") - refusedBefore
	require.Equal(t, *hostile, outcomes["stored"]+outcomes["certificate_unavailable"]+refused)
	require.Greater(t, refused, *hostile/2)

	flood.Break(t, max(1, *hostile/200), func(r *rand.Rand) []byte { return receivetest.Garbage(r, "/sns", weapons.good) })
	require.Eventually(t, func() bool {
		return receivetest.Sum(t, h.registry, "carillon_sns_requests_in_flight") == 0
	}, 20*time.Second, time.Millisecond)
	requireSettled(t, h, journal)
	stored := journal.Raw()
	require.Equal(t, receivetest.Tally{http.StatusOK: 1}, flood.Send(t, 1, func(*rand.Rand) []byte {
		return receivetest.Request(http.MethodPost, "/sns", weapons.good)
	}))
	require.Equal(t, stored+1, journal.Raw(), "a good notification still passes")
	server.CloseClientConnections()
	require.Less(t, receivetest.Heap(), before+heapGrowth)
	t.Logf("answers by status: %v; refusals: %v", tally, h.refusals(t))
}

func (h *harness) sum(t *testing.T, thing string) int {
	t.Helper()
	return receivetest.Sum(t, h.registry, "carillon_sns_"+thing+"_total")
}

// requireSettled checks I2: what was taken out of the requests is in one place each. What failed is of clients that went away
// before the answer.
func requireSettled(t *testing.T, h *harness, journal *receivetest.Journal) {
	t.Helper()
	received := receivetest.Sum(t, h.registry, "carillon_ingest_received_total")
	filtered := receivetest.Sum(t, h.registry, "carillon_ingest_filtered_total")
	failed := receivetest.Sum(t, h.registry, "carillon_ingest_failed_total")
	require.Positive(t, received)
	require.Equal(t, received, journal.Raw()+journal.Quarantined()+filtered+failed)
	require.LessOrEqual(t, failed, h.outcomes(t)["not_stored"])
	require.Equal(t, journal.Raw(), receivetest.Sum(t, h.registry, "carillon_ingest_stored_total"))
	require.Equal(t, journal.Quarantined(), receivetest.Sum(t, h.registry, "carillon_ingest_quarantined_total"))
}
