//go:build integration

package dashboards_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
)

// every is the pause between two events of the traffic.
const every = 20 * time.Millisecond

// traffic is a steady stream of events over three paths, each of which loses one in a hundred, until something is wrong with it.
type traffic struct {
	rig *rig
	// trouble is what is wrong now.
	trouble atomic.Pointer[trouble]
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// trouble is something that is wrong with what AWS sends.
type trouble struct {
	// lost is the share of events that a path loses, instead of one in a hundred.
	lost map[string]float64
	// ahead is how far event times are in the future.
	ahead time.Duration
	// unreadable sends so many bodies with each event that nobody can read.
	unreadable int
	// split makes a path tell of another time for so many events in a thousand.
	split int
}

// connect points topic and bus at the router, and begins to send.
func connect(t *testing.T, r *rig) *traffic {
	t.Helper()
	require.NoError(t, r.aws.PutRule(awslocal.Rule{Name: "chime", Sources: []string{"aws.chime"}, Destination: &awslocal.Destination{
		URL: "http://" + r.router.HTTPAddr() + "/eventbridge", KeyHeader: "x-api-key", Key: "k", Rate: 10_000,
	}}))
	client := sns.New(sns.Options{
		BaseEndpoint: aws.String(r.aws.Endpoint()), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})
	_, err := client.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: aws.String(r.topic), Protocol: aws.String("http"), Endpoint: aws.String("http://" + r.router.HTTPAddr() + "/sns"),
	})
	require.NoError(t, err)
	r.await(t, "subscription confirmed", func() bool { return r.aws.Stats().SNS.Delivered == 1 })
	ctx, cancel := context.WithCancel(context.Background())
	x := &traffic{rig: r, stop: cancel}
	x.heal()
	x.done.Go(func() { x.run(ctx) })
	t.Cleanup(func() {
		cancel()
		x.done.Wait()
	})
	return x
}

// begins makes something be wrong from now on, heal ends it.
func (x *traffic) begins(w trouble) { x.trouble.Store(&w) }
func (x *traffic) heal()            { x.begins(trouble{}) }

func (x *traffic) run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	dice := rand.New(rand.NewPCG(1, 2))
	for i := 0; ; i++ {
		select {
		case <-tick.C:
			x.send(dice, i)
		case <-ctx.Done():
			return
		}
	}
}

// send sends the event with number i over every path that does not lose it.
func (x *traffic) send(dice *rand.Rand, i int) {
	w, at := *x.trouble.Load(), time.Now()
	meeting, attendee := fmt.Sprintf("meeting-%d", i%50), fmt.Sprintf("attendee-%d", i)
	ms := at.Add(w.ahead).UnixMilli()
	body := joined(meeting, attendee, ms)
	for _, path := range []string{"sqs", "sns", "eventbridge"} {
		share, ok := w.lost[path]
		if !ok {
			share = 0.01
		}
		sent := body
		if path == "sqs" && dice.IntN(1000) < w.split {
			sent = joined(meeting, attendee, ms+500)
		}
		if dice.Float64() >= share {
			x.over(path, sent)
		}
	}
	for n := range w.unreadable {
		x.over("sqs", fmt.Sprintf(`{"broken": %d, %d`, i, n))
	}
}

func (x *traffic) over(path, body string) {
	switch path {
	case "sqs":
		_ = x.rig.aws.Send(x.rig.queue, body)
	case "sns":
		_ = x.rig.aws.Notify(x.rig.topic, body)
	case "eventbridge":
		_ = x.rig.aws.Inject([]byte(body))
	}
}
