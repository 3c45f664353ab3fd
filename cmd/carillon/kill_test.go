package main_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/stretchr/testify/require"

	"carillon/connectors/awslocal"
	"carillon/pipeline/simulate"
)

var (
	kills    = flag.Int("kills", 20, "how often the kill test kills")
	killSeed = flag.Uint64("kill-seed", 0, "seed of the kill test; 0 draws one")
)

const (
	killWindow = 400 * time.Millisecond
	// inFlight is how many deliveries must be under way when the process is killed.
	inFlight = 100
)

// killRig is an AWS and a sink that outlive the router which is killed between them.
type killRig struct {
	aws      *awslocal.Server
	queue    string
	topic    string
	receiver *receiver
	bin      string
	file     string
	env      []string
	dir      string
	http     string
	admin    string
}

func newKillRig(t *testing.T) *killRig {
	t.Helper()
	srv, err := awslocal.Start(awslocal.Options{Workers: 64, Redelivery: awslocal.Redelivery{Retries: 100, Delay: 200 * time.Millisecond}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, srv.Close(context.Background())) })
	r := &killRig{aws: srv, receiver: newReceiver(), bin: build(t), dir: t.TempDir(), http: freeAddr(t), admin: freeAddr(t)}
	sink := httptest.NewServer(r.receiver)
	t.Cleanup(sink.Close)
	r.queue, err = srv.CreateQueue("chime")
	require.NoError(t, err)
	r.topic, err = srv.CreateTopic("chime")
	require.NoError(t, err)
	r.env = trust(t, srv)
	r.file = write(t, "carillon.yaml", `
nats: {embedded: {dir: %q}}
stream: {max_bytes: 512MiB}
http: {listen: %q}
admin: {listen: %q}
order: {mode: time, window: %s}
log: {level: warn}
sources:
  sqs: {type: sqs, queue_url: %q, region: us-east-1, endpoint: %q, access_key_id: k, secret_access_key: s, visibility: 2s, pollers: 4}
  sns: {type: sns, topic_arns: [%q], endpoint: %q, access_key_id: k, secret_access_key: s}
  eventbridge: {type: eventbridge, auth: {api_key: {header: x-api-key, value: k}}}
sinks:
  out: {type: webhook, url: %q, start: earliest, max_in_flight: 512, retry: {initial: 20ms, max: 500ms}}
`, r.dir, r.http, r.admin, killWindow, r.queue, srv.Endpoint(), r.topic, srv.Endpoint(), sink.URL)
	return r
}

// connect points rule and topic at the router; the subscription is confirmed by the running router.
func (r *killRig) connect(t *testing.T) {
	t.Helper()
	require.NoError(t, r.aws.PutRule(awslocal.Rule{Name: "chime", Sources: []string{"aws.chime"}, Destination: &awslocal.Destination{
		URL: "http://" + r.http + "/eventbridge", KeyHeader: "x-api-key", Key: "k", Rate: 10_000, Initial: 100 * time.Millisecond, Max: 500 * time.Millisecond,
	}}))
	client := sns.New(sns.Options{
		BaseEndpoint: aws.String(r.aws.Endpoint()), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})
	_, err := client.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: aws.String(r.topic), Protocol: aws.String("http"), Endpoint: aws.String("http://" + r.http + "/sns"),
	})
	require.NoError(t, err)
}

// feed sends plan at its own pace; the channel delivers its outcome.
func (r *killRig) feed(ctx context.Context, plan []simulate.Delivery) <-chan error {
	done := make(chan error, 1)
	go func() {
		for _, d := range plan {
			select {
			case <-time.After(time.Until(d.At)):
			case <-ctx.Done():
				done <- ctx.Err()
				return
			}
			if err := r.send(d); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	return done
}

func (r *killRig) send(d simulate.Delivery) error {
	switch d.Path {
	case simulate.PathSQS:
		return r.aws.Send(r.queue, string(d.Body))
	case simulate.PathSNS:
		return r.aws.Notify(r.topic, string(d.Body))
	case simulate.PathEventBridge:
		if d.Rubbish == simulate.RubbishUnreadable {
			return r.aws.Send(r.queue, string(d.Body)) // The bus would not take it.
		}
		return r.aws.Inject(d.Body)
	}
	return fmt.Errorf("path %q", d.Path)
}

// TestKillAtRandomMoments kills the built binary with SIGKILL again and again while it is fed over three paths and delivers,
// and then looks for every event in the journal and at the sink.
//
//testing:invariants I1 I2 I3 I4 I5 I7 I8
func TestKillAtRandomMoments(t *testing.T) {
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("run again with -args -kill-seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	r := newKillRig(t)
	p := launch(t, r.bin, r.file, r.admin, r.env)
	r.connect(t)
	profile := simulate.Demo(seed, time.Now().Add(time.Second).Truncate(time.Millisecond))
	profile.Meetings, profile.Duration = 12**kills, time.Duration(*kills)*time.Second
	truth, err := simulate.Generate(profile)
	require.NoError(t, err)
	plan := simulate.Plan(profile, truth)
	feeding := r.feed(t.Context(), plan)
	for range *kills {
		p.await(t, 30*time.Second, "100 deliveries in flight", func() bool { return r.receiver.flying() >= inFlight })
		pause(t, time.Duration(random.IntN(300))*time.Millisecond)
		p.await(t, 30*time.Second, "100 deliveries in flight", func() bool { return r.receiver.flying() >= inFlight })
		p.kill()
		p = launch(t, r.bin, r.file, r.admin, r.env)
	}
	require.NoError(t, <-feeding)
	p.kill()
	floors := r.floors(t)
	p = launch(t, r.bin, r.file, r.admin, r.env)
	r.settle(t, p)
	counts := scrape(t, p)
	require.NoError(t, p.stop(t))
	r.audit(t, truth, plan, floors, counts)
}

// pause waits without doing anything, as an operator would between two kills.
func pause(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		require.NoError(t, t.Context().Err())
	}
}

// settle waits until every path is empty and nothing is delivered any more.
func (r *killRig) settle(t *testing.T, p *process) {
	t.Helper()
	last, since := -1, time.Now()
	p.await(t, 2*time.Minute, "everything delivered", func() bool {
		n := r.receiver.count()
		if n != last || r.receiver.flying() > 0 || r.aws.Stats().Backlog > 0 {
			last, since = n, time.Now()
		}
		// Longer than the visibility timeout, the hold and any retry together.
		return time.Since(since) > 5*time.Second
	})
}
