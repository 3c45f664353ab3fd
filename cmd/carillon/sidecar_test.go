package main_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"carillon/connectors"
	"carillon/connectors/awslocal"
	"carillon/pipeline/config"
	"carillon/pipeline/journal"
)

const (
	sidecarFile = "../../configs/sidecar.yaml"
	// sidecarMemory is what a sidecar that has nothing to do may hold of its own. Beside that some pages of the binary are mapped,
	// more or fewer as the kernel has them at hand: 30 to 40 MB, which all its processes share and the kernel takes back.
	sidecarMemory = 20 << 20
	// sidecarStart is how long it may take until it is ready.
	sidecarStart = time.Second
	// sidecarStop is its drain and what a stop takes beside that.
	sidecarStop = 12 * time.Second
)

// sidecar is configs/sidecar.yaml beside an application, with the queue of a local AWS.
type sidecar struct {
	*rig
	app   *app
	admin string
	env   []string
	*process
}

func newSidecar(t *testing.T) *sidecar {
	t.Helper()
	srv, err := awslocal.Start(awslocal.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, srv.Close(context.Background())) })
	s := &sidecar{rig: &rig{aws: srv, dir: t.TempDir()}, app: newApp(t), admin: freeAddr(t)}
	s.queue, err = srv.CreateQueue("chime")
	require.NoError(t, err)
	s.queues = sqs.New(sqs.Options{
		BaseEndpoint: aws.String(srv.Endpoint()), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""),
	})
	s.env = []string{
		"CARILLON_NATS__EMBEDDED__DIR=" + s.dir, "CARILLON_ADMIN__LISTEN=" + s.admin,
		"CARILLON_SOURCES__QUEUE__QUEUE_URL=" + s.queue, "CARILLON_SOURCES__QUEUE__ENDPOINT=" + srv.Endpoint(),
		"CARILLON_SINKS__APP__URL=http://" + s.app.addr + "/events",
		"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s", "AWS_REGION=us-east-1",
	}
	return s
}

// live gives the router a new life and returns how long it took until it was ready.
func (s *sidecar) live(t *testing.T) time.Duration {
	t.Helper()
	begin := time.Now()
	s.process = launch(t, sidecarFile, s.admin, s.env)
	return time.Since(begin)
}

// starts expects a start to be quick that took so long, or one of two more on the same journal: a machine may be busy during one. On
// one that is busy all the time the binary itself is the measure: to say its version takes it 0.02 s on a quiet one.
func (s *sidecar) starts(t *testing.T, took time.Duration) {
	t.Helper()
	const times = 5
	for range 2 {
		if took < sidecarStart {
			return
		}
		require.NoError(t, s.stop(t))
		took = min(took, s.live(t))
	}
	begin := time.Now()
	for range times {
		require.NoError(t, exec.CommandContext(t.Context(), binary, "version").Run())
	}
	require.Less(t, took, max(sidecarStart, 20*time.Since(begin)/times))
}

// send puts the events with the numbers from..to-1 into the queue, of meetings with ten events each.
func (s *sidecar) send(t *testing.T, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		require.NoError(t, s.aws.Send(s.queue, happened(fmt.Sprintf("meeting-%d", n/10), "chime:AttendeeJoined", n)))
	}
}

// stored returns how many events the journal of the stopped router holds.
func (s *sidecar) stored(t *testing.T) (n int) {
	t.Helper()
	connect, stream := journal.DefaultConnect(), journal.DefaultStream()
	connect.Embedded.Dir, stream.Partitions, stream.MaxBytes = s.dir, 1, 64<<20
	j, err := journal.Open(t.Context(), connect, stream, journal.Settings{
		Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Owner: "test", Clock: time.Now,
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, j.Close()) }()
	require.NoError(t, j.Scan(t.Context(), journal.PlaceEvents, func(journal.Message) error {
		n++
		return nil
	}))
	return n
}

// TestSidecarIsSmall starts configs/sidecar.yaml with nothing to do.
func TestSidecarIsSmall(t *testing.T) {
	s := newSidecar(t)
	s.app.start()
	took := s.live(t)
	s.starts(t, took)
	// It polls its queue for a while, samples it, and ticks.
	begin := time.Now()
	s.await(t, soon, "some seconds", func() bool { return time.Since(begin) > 5*time.Second })
	own := memoryOf(t, s.process, "RssAnon:")
	t.Logf("ready after %s; idle it holds %d bytes of its own, %d with the pages of the binary", took, own, memoryOf(t, s.process, "VmRSS:"))
	require.Less(t, own, int64(sidecarMemory))
	require.NoError(t, s.stop(t))
}

// TestSidecar restarts the application and stops and starts the router while notifications come in: nothing is lost, each meeting is in
// order, and a SIGTERM drains: what was released is with the application, and everything else is in the journal or in the queue.
func TestSidecar(t *testing.T) {
	const part = 1000
	s := newSidecar(t)
	s.app.start()
	s.live(t)
	s.send(t, 0, part)
	s.await(t, soon, "events at the application", func() bool { return s.app.events() > part/10 })

	s.app.kill() // In the middle of what it does.
	s.send(t, part, 2*part)
	s.await(t, soon, "the router saw it", func() bool {
		return scrape(t, s.process)["carillon_deliver_failed_total"] > 0
	})
	s.app.start()
	s.await(t, soon, "more events at the application", func() bool { return s.app.events() > part })

	s.send(t, 2*part, 3*part)
	s.await(t, soon, "some of it at the application", func() bool { return s.app.events() > 2*part+part/20 })
	released := int(scrape(t, s.process)["carillon_order_released_total"])
	begin, atSignal := time.Now(), s.app.events()
	require.NoError(t, s.stop(t), "exit status 0")
	took := time.Since(begin)
	require.Less(t, took, sidecarStop)
	atStop := s.app.events()
	// A window that ends while the router stops may release one more event: it stays in the journal.
	require.GreaterOrEqual(t, atStop, released, "a SIGTERM drains")
	require.GreaterOrEqual(t, s.stored(t), atStop)

	s.send(t, 3*part, 4*part) // While no router runs.
	again := s.live(t)
	s.await(t, 2*time.Minute, "everything at the application", func() bool { return s.app.events() == 4*part })
	s.await(t, soon, "an empty queue", func() bool {
		n, err := s.queued(t.Context())
		return err == nil && n == 0
	})
	t.Logf("a stop took %s: %d events released and %d done at the signal, %d done at its end; the next start took %s; the busy router holds %d bytes",
		took, released, atSignal, atStop, again, memoryOf(t, s.process, "VmRSS:"))
	s.starts(t, again)
	require.NoError(t, s.stop(t))
	done := s.app.done()
	t.Logf("%d requests for %d events", len(done), 4*part)
	requireInOrder(t, done)
}

// requireInOrder expects the events of each meeting, where they came first, by their sequence.
func requireInOrder(t *testing.T, done [][3]string) {
	t.Helper()
	seen, last := map[string]bool{}, map[string]uint64{}
	for _, e := range done {
		sequence, err := strconv.ParseUint(e[2], 10, 64)
		require.NoError(t, err)
		if !seen[e[1]] {
			require.Greater(t, sequence, last[e[0]], "%v", e)
			last[e[0]] = sequence
		}
		seen[e[1]] = true
	}
}

// TestSidecarManifests reads what puts the sidecar into a pod and beside a container: both run the configuration of sidecar.yaml.
func TestSidecarManifests(t *testing.T) {
	load := func(name string, text []byte, env ...string) *config.Config {
		c, err := config.LoadBytes(name, text, connectors.All(connectors.Options{}), env)
		require.NoError(t, err)
		return c
	}
	text, err := os.ReadFile(sidecarFile)
	require.NoError(t, err)

	f, err := os.Open("../../configs/sidecar-kubernetes.yaml")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	var inPod []byte
	kinds := map[string]bool{}
	for d := yaml.NewDecoder(f); ; {
		var o struct {
			Kind string
			Data map[string]string
		}
		if err := d.Decode(&o); err == io.EOF { //nolint:errorlint // Decode returns it as it is
			break
		}
		require.NoError(t, err)
		kinds[o.Kind] = true
		inPod = append(inPod, o.Data["carillon.yaml"]...)
	}
	require.Equal(t, map[string]bool{"ConfigMap": true, "ServiceAccount": true, "Deployment": true}, kinds)
	require.Equal(t, string(load("sidecar.yaml", text, "CARILLON_ADMIN__LISTEN=:9464").Effective()), string(load("pod", inPod).Effective()))

	compose, err := os.ReadFile("../../configs/compose.yaml")
	require.NoError(t, err)
	var file struct {
		Services map[string]struct {
			Environment map[string]string
			Volumes     []string
			ReadOnly    bool   `yaml:"read_only"`
			NetworkMode string `yaml:"network_mode"`
		}
		Volumes map[string]any
	}
	require.NoError(t, yaml.Unmarshal(compose, &file))
	router := file.Services["carillon"]
	require.Equal(t, []string{"./sidecar.yaml:/etc/carillon/carillon.yaml:ro", "journal:/var/lib/carillon"}, router.Volumes)
	require.Contains(t, file.Volumes, "journal")
	require.True(t, router.ReadOnly)
	require.Equal(t, "service:app", router.NetworkMode)
	require.Contains(t, file.Services, "app")
	const url = "https://sqs.eu-central-1.amazonaws.com/111122223333/chime"
	var env []string
	for name, value := range router.Environment {
		env = append(env, name+"="+strings.Replace(value, "${QUEUE_URL:?the URL of the SQS queue}", url, 1))
	}
	require.Contains(t, string(load("sidecar.yaml", text, env...).Effective()), url)
}
