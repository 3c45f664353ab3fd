package sqs

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/connectors/awslocal"
	"carillon/pipeline"
)

func TestAddressFollowsTheQueueURL(t *testing.T) {
	tests := map[string]struct {
		cfg  Config
		want address
	}{
		"regional":  {Config{QueueURL: "https://sqs.eu-central-1.amazonaws.com/1/q"}, address{region: "eu-central-1"}},
		"china":     {Config{QueueURL: "https://sqs.cn-north-1.amazonaws.com.cn/1/q"}, address{region: "cn-north-1"}},
		"gov":       {Config{QueueURL: "https://sqs.us-gov-west-1.amazonaws.com/1/q"}, address{region: "us-gov-west-1"}},
		"legacy":    {Config{QueueURL: "https://eu-west-1.queue.amazonaws.com/1/q"}, address{"eu-west-1", "https://eu-west-1.queue.amazonaws.com"}},
		"oldest":    {Config{QueueURL: "https://queue.amazonaws.com/1/q"}, address{"us-east-1", "https://queue.amazonaws.com"}},
		"fips":      {Config{QueueURL: "https://sqs-fips.us-east-1.amazonaws.com/1/q"}, address{"us-east-1", "https://sqs-fips.us-east-1.amazonaws.com"}},
		"private":   {Config{QueueURL: "https://vpce-0a-1b.sqs.us-east-1.vpce.amazonaws.com/1/q"}, address{"us-east-1", "https://vpce-0a-1b.sqs.us-east-1.vpce.amazonaws.com"}},
		"emulator":  {Config{QueueURL: "http://127.0.0.1:4566/1/q"}, address{endpoint: "http://127.0.0.1:4566"}},
		"told":      {Config{QueueURL: "http://127.0.0.1:1/1/q", Region: "us-west-2", Endpoint: "http://127.0.0.1:2"}, address{"us-west-2", "http://127.0.0.1:2"}},
		"same host": {Config{QueueURL: "https://sqs.us-east-1.amazonaws.com/1/q", Region: "us-east-1"}, address{region: "us-east-1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.want, addressOf(&tt.cfg)) })
	}
}

func TestReasonsOfFailures(t *testing.T) {
	for code, want := range map[string]outcome{
		"OverLimit": throttled, "RequestThrottled": throttled, "ThrottlingException": throttled, "SlowDown": throttled,
		"ExpiredToken": denied, "AccessDeniedException": denied, "SignatureDoesNotMatch": denied,
		"AWS.SimpleQueueService.NonExistentQueue": failed, "InternalFailure": failed,
	} {
		require.Equal(t, want, reasonOf(&smithy.GenericAPIError{Code: code}), code)
	}
	require.Equal(t, failed, reasonOf(errors.New("connection reset")))
}

func TestMessageWithoutAttributesIsTaken(t *testing.T) {
	m := &types.Message{MessageId: aws.String("id"), Body: aws.String("x")}
	require.True(t, intact(m), "no checksum")
	require.Zero(t, sent(m))
	_, ok := receives(m)
	require.False(t, ok)
	m.Attributes = map[string]string{"SentTimestamp": "99999999999999", "ApproximateReceiveCount": "7"}
	require.Equal(t, time.UnixMilli(99999999999999), sent(m))
	n, ok := receives(m)
	require.True(t, ok)
	require.Equal(t, 7, n)
}

func TestPausesGrowWithinTheirBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPauses()
		bound := firstPause
		for range rapid.IntRange(1, 20).Draw(t, "failures") {
			pause := p.next(0)
			require.LessOrEqual(t, pause, bound+time.Nanosecond)
			bound = min(2*bound, longPause)
		}
		require.Equal(t, time.Hour, p.next(time.Hour), "what the journal asked for is the least")
		p.reset()
		require.LessOrEqual(t, p.next(0), firstPause+time.Nanosecond)
	})
}

// A message is in hand from its first receipt until it is settled under its newest handle, and due for extension at half of
// its visibility.
func TestHandAgreesWithItsModel(t *testing.T) {
	const visibility = 10 * time.Second
	type grip struct {
		handle         string
		taken, renewed time.Time
	}
	rapid.Check(t, func(t *rapid.T) {
		h, model := newHand(), make(map[string]grip)
		now := time.Unix(1_760_000_000, 0)
		ids := rapid.SampledFrom([]string{"a", "b", "c"})
		handles := rapid.SampledFrom([]string{"1", "2"})
		t.Repeat(map[string]func(*rapid.T){
			"take": func(t *rapid.T) {
				id, handle := ids.Draw(t, "id"), handles.Draw(t, "handle")
				_, had := model[id]
				require.Equal(t, !had, h.take(id, handle, now, now))
				model[id] = grip{handle, now, now}
			},
			"settle": func(t *rapid.T) {
				id, handle := ids.Draw(t, "id"), handles.Draw(t, "handle")
				g, had := model[id]
				stale := had && g.handle != handle
				require.Equal(t, !stale, h.settled(held{id, handle}))
				if !stale {
					delete(model, id)
				}
			},
			"drop": func(t *rapid.T) {
				id := ids.Draw(t, "id")
				h.drop(id)
				delete(model, id)
			},
			"renew": func(t *rapid.T) {
				for _, m := range h.due(now, visibility) {
					g := model[m.id]
					g.renewed = now
					model[m.id] = g
					h.renewed(m, now)
				}
			},
			"pass": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 8).Draw(t, "seconds")) * time.Second)
			},
			"pass hours": func(t *rapid.T) { now = now.Add(6 * time.Hour) },
			"": func(t *rapid.T) {
				require.Equal(t, len(model), h.size())
				var oldest time.Time
				for _, g := range model {
					if oldest.IsZero() || g.taken.Before(oldest) {
						oldest = g.taken
					}
				}
				require.Equal(t, oldest, h.oldest())
				var due []string
				for id, g := range model {
					if now.Sub(g.renewed) >= visibility/2 && now.Add(visibility).Sub(g.taken) <= maxHidden {
						due = append(due, id+g.handle)
					}
				}
				var got []string
				for _, m := range h.due(now, visibility) {
					got = append(got, m.id+m.handle)
				}
				require.ElementsMatch(t, due, got)
			},
		})
	})
}

func TestLostHandleIsNotExtended(t *testing.T) {
	h, now := newHand(), time.Unix(1_760_000_000, 0)
	h.take("a", "1", now, now)
	h.lose(held{"a", "1"})
	require.Empty(t, h.due(now.Add(time.Minute), time.Minute))
	h.take("a", "2", now, now)
	require.Equal(t, []held{{"a", "2"}}, h.due(now.Add(time.Minute), time.Minute), "a newer handle can be")
}

func TestMetricsAreCompleteFromTheStart(t *testing.T) {
	reg := prometheus.NewRegistry()
	newMetrics(reg, func() int { return 3 }, func() int { return 1 })
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
	n, err := testutil.GatherAndCount(reg)
	require.NoError(t, err)
	require.Equal(t, 5+4+3+4+5+2+2+3+1, n,
		"receives, deletes, extensions, samples, counters, gauges, histograms, states, oldest")
}

// stuck is an emitter whose journal hangs.
type stuck struct{ entered chan struct{} }

func (s stuck) Emit(ctx context.Context, _ ...pipeline.Notification) error {
	close(s.entered)
	<-ctx.Done()
	return ctx.Err()
}

func TestDrainIsBounded(t *testing.T) {
	srv, err := awslocal.Start(awslocal.Options{})
	require.NoError(t, err)
	url, err := srv.CreateQueue("chime")
	require.NoError(t, err)
	require.NoError(t, srv.Send("chime", "x"))
	cfg := DefaultConfig()
	cfg.QueueURL, cfg.Region, cfg.MaxPollers = url, srv.Region(), 1
	cfg.AccessKeyID, cfg.SecretAccessKey = pipeline.NewSecret("id"), pipeline.NewSecret("key")
	var log strings.Builder
	src := newSource(cfg, pipeline.Settings{
		ID: "queue", Logger: slog.New(slog.NewTextHandler(&log, nil)), Registerer: prometheus.NewRegistry(), Clock: time.Now,
	})
	require.Equal(t, 5*time.Second, src.drain)
	src.drain = 50 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	out := stuck{entered: make(chan struct{})}
	done := make(chan error, 1)
	go func() { done <- src.Run(ctx, out) }()
	<-out.entered
	cancel()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(20 * time.Second):
		require.FailNow(t, "Run did not return")
	}
	require.Empty(t, log.String(), "a stop is no failure")
	srv.Advance(31 * time.Second)
	require.NoError(t, srv.Close(context.Background()))
}

func TestStreakLogsItsBeginAndItsEnd(t *testing.T) {
	var log strings.Builder
	s := newStreak(slog.New(slog.NewTextHandler(&log, nil)), "url", "receive")
	s.ok()
	require.Empty(t, log.String())
	for range 3 {
		s.failed(errors.New("no route"))
	}
	require.Equal(t, 1, strings.Count(log.String(), "\n"))
	require.Contains(t, log.String(), "no route")
	s.ok()
	s.ok()
	require.Equal(t, 2, strings.Count(log.String(), "\n"))
	require.Contains(t, log.String(), "count=3")
}
