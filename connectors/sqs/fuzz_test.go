package sqs

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/receive/receivetest"
	"carillon/pipeline"
	"carillon/pipeline/ingest"
)

// script answers a receive with what the fuzzer made, and a delete with that or with what it wants to hear. It remembers which
// handles were to be deleted.
type script struct {
	status         int
	receive, erase string
	mu             sync.Mutex
	erased         []string
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	asked, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	answer := s.receive
	if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DeleteMessageBatch") {
		s.mu.Lock()
		s.erased = append(s.erased, string(asked))
		s.mu.Unlock()
		answer = s.erase
	}
	return &http.Response{
		StatusCode: s.status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(answer)), ContentLength: int64(len(answer)),
	}, nil
}

// FuzzAnswers has SQS answer a poll and a delete with anything: nothing falls over, nothing is deleted that is not stored (I1),
// the counters add up (I2), and nothing stays in hand.
func FuzzAnswers(f *testing.F) {
	const good = `{"Messages":[{"MessageId":"1","ReceiptHandle":"h","Body":"{\"detail-type\":\"x\"}","Attributes":` +
		`{"SentTimestamp":"1760000000000","ApproximateReceiveCount":"1"}},{"MessageId":"1","ReceiptHandle":"i","Body":"y","MD5OfBody":"0"}]}`
	const gone = `{"Successful":[{"Id":"0"}],"Failed":[{"Id":"1","Code":"InternalError","SenderFault":false}]}`
	for _, seed := range []struct {
		status         int
		receive, erase string
	}{
		{200, good, gone},
		{200, `{}`, `{}`},
		{200, `{"Messages":[{}]}`, `null`},
		{200, `{"Messages":null}`, ``},
		{200, `<html>`, `{"Failed":[{}]}`},
		{400, `{"__type":"com.amazonaws.sqs#OverLimit","message":"x"}`, ``},
		{503, ``, ``},
		{302, ``, ``},
		{200, `{"Messages":[{"Attributes":{"SentTimestamp":"-9","ApproximateReceiveCount":"x"},"MessageId":null,"Body":"` + "\xff" + `"}]}`, gone},
	} {
		f.Add(seed.status, seed.receive, seed.erase)
	}
	f.Fuzz(func(t *testing.T, status int, receive, erase string) {
		cfg := DefaultConfig()
		cfg.QueueURL, cfg.Region = "http://127.0.0.1:1/111122223333/chime", "us-east-1"
		cfg.AccessKeyID, cfg.SecretAccessKey = pipeline.NewSecret("id"), pipeline.NewSecret("key")
		registry := prometheus.NewRegistry()
		set := pipeline.Settings{ID: "queue", Logger: slog.New(slog.DiscardHandler), Registerer: registry, Clock: time.Now}
		src, journal := newSource(cfg, set), &receivetest.Journal{}
		s := &script{status: 200 + max(0, status-200)%400, receive: receive, erase: erase}
		who, _, err := newIdentity(t.Context(), &cfg, cfg.Region, nil)
		require.NoError(t, err)
		api := newClient(who, "", &http.Client{
			Transport: s, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		})
		src.clients, src.queueURL, src.visibility = &clients{poll: api, settle: api, identity: &identity{}}, cfg.QueueURL, time.Minute

		work, end := context.WithCancel(t.Context())
		r := startRemover(work, src)
		_, _ = newPoller(src, r, ingest.New(journal).Emitter(set)).turn(t.Context(), work)
		src.flight.wait()
		end() // deletes that failed are not tried again
		r.close()

		sum := func(name string) int { return receivetest.Sum(t, registry, "carillon_"+name) }
		stored := sum("sqs_messages_received_total") - sum("sqs_messages_in_hand_total") - sum("sqs_checksum_mismatches_total") - sum("sqs_messages_left_total")
		require.Equal(t, sum("ingest_received_total"), sum("ingest_stored_total")+sum("ingest_quarantined_total")+sum("ingest_filtered_total")+sum("ingest_failed_total"))
		require.GreaterOrEqual(t, sum("ingest_received_total"), stored)
		if stored == 0 {
			require.Empty(t, s.erased, "deleted and not stored")
		}
		require.Zero(t, src.hand.size())
	})
}
