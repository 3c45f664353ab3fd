//go:build integration

package sqs_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"carillon/connectors/sqs"
	"carillon/pipeline"
	"carillon/pipeline/ingest"
	"carillon/pipeline/journal"
	"carillon/pipeline/pipelinetest"
)

var (
	benchMessages = flag.Int("bench.messages", 10_000, "how many messages a round of the comparison with a bare loop drains")
	benchRounds   = flag.Int("bench.rounds", 5, "how many rounds the comparison has")
	benchPollers  = flag.Int("bench.pollers", 4, "how many pollers both have")
	benchLeast    = flag.Float64("bench.least", 0.2, "the ratio below which the comparison fails; 0.8 is the aim on a quiet machine")
)

// TestThroughputBesideABareLoop drains the same queue in turns with a loop that only receives and deletes, and with the source
// in front of a real journal that is on disk before anything is deleted. Both have the same SDK and as many pollers. What
// counts is the median of the rounds' ratios. The aim is 0.8. What the default demands is less, because a neighbour on the
// machine that writes to the disk slows only the half with the journal; storing poll by poll falls below it all the same.
func TestThroughputBesideABareLoop(t *testing.T) {
	p := newPlace(t, fauxqs(t))
	j := pipelinetest.OpenJournal(t, func(s *pipelinetest.JournalSetup) {
		s.Connect.Embedded.Sync, s.Stream.MaxBytes = journal.SyncAlways, 4*pipeline.GiB
	})
	shares := make([]float64, 0, *benchRounds)
	for round := range *benchRounds {
		bare := func(url string) time.Duration { return p.drainBare(t, url) }
		full := func(url string) time.Duration { return p.drainFull(t, url, j) }
		var tookBare, tookFull time.Duration
		if round%2 == 0 { // neither is always the first
			tookBare, tookFull = p.timed(t, bare), p.timed(t, full)
		} else {
			tookFull, tookBare = p.timed(t, full), p.timed(t, bare)
		}
		share := tookBare.Seconds() / tookFull.Seconds()
		shares = append(shares, share)
		t.Logf("round %d: bare loop %.0f/s, source with journal %.0f/s, ratio %.2f", round+1,
			float64(*benchMessages)/tookBare.Seconds(), float64(*benchMessages)/tookFull.Seconds(), share)
	}
	slices.Sort(shares)
	median := shares[len(shares)/2]
	t.Logf("median ratio %.2f over %d rounds of %d messages with %d pollers", median, *benchRounds, *benchMessages, *benchPollers)
	require.GreaterOrEqual(t, median, *benchLeast)
}

// timed fills a queue, a new one because a poll that was cancelled may still take from an old one, and returns how long drain
// took.
func (p *place) timed(t *testing.T, drain func(url string) time.Duration) time.Duration {
	t.Helper()
	url := p.queue(t, 300)
	var senders sync.WaitGroup
	const each = 4
	errs := make([]error, each)
	for s := range each {
		senders.Go(func() { errs[s] = p.fill(t.Context(), url, s, *benchMessages/each) })
	}
	senders.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	return drain(url)
}

// fill sends n messages that a person might have caused.
func (p *place) fill(ctx context.Context, url string, sender, n int) error {
	for first := 0; first < n; first += 10 {
		var entries []types.SendMessageBatchRequestEntry
		for i := first; i < min(n, first+10); i++ {
			body := fmt.Sprintf(`{"version":"0","source":"aws.chime","account":"111122223333","region":"us-east-1",`+
				`"detail-type":"Chime Meeting State Change","time":"2025-10-09T08:53:20Z","detail":{"version":"0",`+
				`"eventType":"chime:AttendeeJoined","timestamp":%d,"meetingId":"meeting-%d","attendeeId":"attendee-%d-%d",`+
				`"externalUserId":"user-%d","externalMeetingId":"weekly","mediaRegion":"us-east-1"}}`,
				1760000000000+i, i%50, sender, i, i)
			entries = append(entries, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &body})
		}
		out, err := p.sqs.SendMessageBatch(ctx, &awssqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
		if err != nil {
			return err
		}
		if len(out.Failed) > 0 {
			return fmt.Errorf("sending: %d failed", len(out.Failed))
		}
	}
	return nil
}

// drainBare receives and deletes, and returns how long that took.
func (p *place) drainBare(t *testing.T, url string) time.Duration {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 2 * *benchPollers}
	defer transport.CloseIdleConnections()
	api := awssqs.New(awssqs.Options{
		Region: region, Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, ""), BaseEndpoint: &p.endpoint,
		HTTPClient: &http.Client{Transport: transport}, DisableMessageChecksumValidation: true,
	})
	var left atomic.Int64
	left.Store(int64(*benchMessages / 4 * 4))
	var pollers sync.WaitGroup
	errs := make([]error, *benchPollers)
	began := time.Now()
	for i := range *benchPollers {
		pollers.Go(func() {
			for left.Load() > 0 && errs[i] == nil {
				var n int
				n, errs[i] = receiveAndDelete(t.Context(), api, url)
				left.Add(int64(-n))
			}
		})
	}
	pollers.Wait()
	took := time.Since(began)
	for _, err := range errs {
		require.NoError(t, err)
	}
	return took
}

// receiveAndDelete returns how many messages it deleted.
func receiveAndDelete(ctx context.Context, api *awssqs.Client, url string) (int, error) {
	out, err := api.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: 10,
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil || len(out.Messages) == 0 {
		return 0, err
	}
	entries := make([]types.DeleteMessageBatchRequestEntry, len(out.Messages))
	for i := range out.Messages {
		entries[i] = types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: out.Messages[i].ReceiptHandle}
	}
	deleted, err := api.DeleteMessageBatch(ctx, &awssqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: entries})
	if err != nil {
		return 0, err
	}
	return len(deleted.Successful), nil
}

// drainFull runs the source in front of the journal until everything is deleted, and returns how long that took.
func (p *place) drainFull(t *testing.T, url string, j *journal.Journal) time.Duration {
	t.Helper()
	set := pipeline.Settings{
		ID: "queue", Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Clock: time.Now,
	}
	src, registry := p.build(t, url, func(c *sqs.Config) { c.MaxPollers = *benchPollers })
	b := p.start(t, src, registry, ingest.New(j).Emitter(set))
	began := time.Now()
	want := float64(*benchMessages / 4 * 4)
	require.Eventually(t, func() bool { return b.metric(t, "deletes_total", "deleted") >= want }, 3*time.Minute, 25*time.Millisecond)
	took := time.Since(began)
	b.stop(t)
	return took
}
