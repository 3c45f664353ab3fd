package main

import (
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"carillon/cmd/carillon/reach"
	"carillon/connectors/awslocal"
	"carillon/pipeline/pipelinetest"
)

const localKeys = `region: us-east-1, access_key_id: AKIDLOCAL, secret_access_key: hunter2`

// checked runs check --connect on a configuration and returns what it says of each component.
func checked(t *testing.T, text string) map[string]reach.Result {
	t.Helper()
	file := filepath.Join(t.TempDir(), "carillon.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	out, err := carillon(t, "check", "-c", file, "--connect", "--json")
	require.NotContains(t, out, "hunter2")
	var answer struct {
		OK         bool
		Components []reach.Result
	}
	require.NoError(t, json.Unmarshal([]byte(out), &answer), "%s%v", out, err)
	require.NotEmpty(t, answer.Components, out)
	results := map[string]reach.Result{}
	for _, r := range answer.Components {
		results[r.Path] = r
	}
	if answer.OK {
		require.NoError(t, err)
	} else {
		require.ErrorIs(t, err, errReported)
	}
	return results
}

// cloud starts an AWS with a queue and a topic.
func cloud(t *testing.T) (srv *awslocal.Server, queue, topic string) {
	t.Helper()
	srv, err := awslocal.Start(awslocal.Options{Account: "111122223333"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, srv.Close(t.Context())) })
	queue, err = srv.CreateQueue("chime")
	require.NoError(t, err)
	topic, err = srv.CreateTopic("chime")
	require.NoError(t, err)
	return srv, queue, topic
}

// jetStream starts a NATS server with a stream MEETINGS of meetings.*.
func jetStream(t *testing.T) string {
	t.Helper()
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, MaxPayload: 8 << 20})
	require.NoError(t, err)
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	conn, err := nats.Connect(srv.ClientURL(), nats.RetryOnFailedConnect(true))
	require.NoError(t, err)
	defer conn.Close()
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	_, err = js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "MEETINGS", Subjects: []string{"meetings.*"}})
	require.NoError(t, err)
	return srv.ClientURL()
}

func kafka(t *testing.T) string {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "meetings"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	return cluster.ListenAddrs()[0]
}

func TestCheckConnect_FindsEverything(t *testing.T) {
	srv, queue, topic := cloud(t)
	hook := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s %s", r.Method, r.URL) }))
	t.Cleanup(hook.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pemOf(hook.Certificate().Raw), 0o600))
	cluster, dir := jetStream(t), t.TempDir()
	got := checked(t, `
nats: {url: "`+cluster+`"}
sources:
  queue: {type: sqs, queue_url: "`+queue+`", `+localKeys+`}
  bus: {type: eventbridge, via: {queue_url: "`+queue+`", `+localKeys+`}}
  posted: {type: eventbridge, auth: {none: true}}
  topic: {type: sns, topic_arns: ["`+topic+`"], endpoint: "`+srv.Endpoint()+`", access_key_id: AKIDLOCAL, secret_access_key: hunter2}
sinks:
  file: {type: file, path: "`+dir+`/events.ndjson"}
  console: {type: stdout}
  hook: {type: webhook, url: "`+hook.URL+`/hunter2", tls: {ca: "`+ca+`"}}
  stream: {type: nats, url: "`+cluster+`", subject: "meetings.{key}", stream: MEETINGS}
  core: {type: nats, url: "`+cluster+`", mode: core}
  log: {type: kafka, brokers: ["`+kafka(t)+`"], topic: meetings}
  forward: {type: sqs, queue_url: "`+queue+`", `+localKeys+`}
  named: {type: sqs, queue: chime, endpoint: "`+srv.Endpoint()+`", `+localKeys+`}
  announce: {type: sns, topic_arn: "`+topic+`", endpoint: "`+srv.Endpoint()+`", access_key_id: AKIDLOCAL, secret_access_key: hunter2}
  republish: {type: eventbridge, endpoint: "`+srv.Endpoint()+`", `+localKeys+`}
`)
	require.Len(t, got, 15)
	for path, found := range map[string]string{
		"nats": "streams come with the start", "sources.queue": "about 0 messages wait", "sources.bus": "about 0 messages wait",
		"sources.posted": "EventBridge posts to /eventbridge", "sources.topic": topic, "sinks.file": "comes with the first event",
		"sinks.console": "standard output", "sinks.hook": "takes connections", "sinks.stream": "stream MEETINGS has meetings.*",
		"sinks.core": "carillon.events.*", "sinks.log": "topic meetings, 3 partitions, 1 brokers", "sinks.forward": queue, "sinks.named": "chime",
		"sinks.announce": topic, "sinks.republish": "event-bus/default",
	} {
		require.True(t, got[path].OK, "%s: %s", path, got[path].Problem)
		require.Contains(t, got[path].Found, found, path)
	}
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "a look leaves nothing behind")
}

func TestCheckConnect_SaysWhatIsMissing(t *testing.T) {
	srv, queue, topic := cloud(t)
	untrusted := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(untrusted.Close)
	dir, cluster := t.TempDir(), jetStream(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	got := checked(t, `
nats: {embedded: {dir: "`+dir+`/file/data"}}
http: {tls: {cert: "`+dir+`/none.crt", key: "`+dir+`/none.key"}}
sources:
  queue: {type: sqs, queue_url: "`+queue+`-none", `+localKeys+`}
  topic: {type: sns, topic_arns: ["`+topic+`-none"], endpoint: "`+srv.Endpoint()+`", access_key_id: AKIDLOCAL, secret_access_key: hunter2}
  jwt: {type: eventbridge, auth: {jwt: {jwks_url: "https://`+pipelinetest.FreeAddr(t)+`/jwks", issuer: "https://issuer.example.com", audience: a}}}
sinks:
  file: {type: file, path: "`+dir+`/none/events.ndjson"}
  folder: {type: file, path: "`+dir+`"}
  hook: {type: webhook, url: "https://user:hunter2@`+untrusted.Listener.Addr().String()+`/"}
  stream: {type: nats, url: "`+cluster+`", subject: "events.{key}"}
  other: {type: nats, url: "`+cluster+`", subject: "meetings.{key}", stream: OTHER}
  log: {type: kafka, brokers: ["`+kafka(t)+`"], topic: none}
  forward: {type: sqs, queue: none, endpoint: "`+srv.Endpoint()+`", `+localKeys+`}
  announce: {type: sns, topic_arn: "`+topic+`-none", endpoint: "`+srv.Endpoint()+`", access_key_id: AKIDLOCAL, secret_access_key: hunter2}
  republish: {type: eventbridge, bus: none, endpoint: "`+srv.Endpoint()+`", `+localKeys+`}
`)
	for path, problem := range map[string]string{
		"nats": "set nats.embedded.dir", "http.tls": "check http.tls.cert", "sources.queue": "check queue_url and region",
		"sources.topic": "check the ARN", "sources.jwt": "check auth.jwt.jwks_url", "sinks.file": "none does not exist: make it",
		"sinks.folder": "is a folder: name a file in it", "sinks.hook": "check url and tls", "sinks.stream": "no stream has the subject events.*: make one",
		"sinks.other": "stream OTHER does not have the subject meetings.*, which MEETINGS has", "sinks.log": `topic "none" does not exist: make it`,
		"sinks.forward": "check queue and region", "sinks.announce": "check the ARN", "sinks.republish": "check bus and region",
	} {
		require.False(t, got[path].OK, "%s: %s", path, got[path].Found)
		require.Contains(t, got[path].Problem, problem, path)
	}
}

func TestCheckConnect_SaysWhoDoesNotAnswer(t *testing.T) {
	addr := pipelinetest.FreeAddr(t)
	got := checked(t, `
nats: {url: "nats://user:hunter2@`+addr+`"}
sources:
  queue: {type: sqs, queue_url: "http://`+addr+`/111122223333/chime", `+localKeys+`}
sinks:
  hook: {type: webhook, url: "http://user:hunter2@`+addr+`/"}
  stream: {type: nats, url: "nats://user:hunter2@`+addr+`"}
  log: {type: kafka, brokers: ["`+addr+`"], topic: meetings}
  cache: {type: redis, url: "redis://user:hunter2@`+addr+`"}
  table: {type: postgres, url: "postgres://user:hunter2@`+addr+`/chime"}
  forward: {type: sqs, queue_url: "http://`+addr+`/111122223333/chime", `+localKeys+`}
  announce: {type: sns, topic_arn: "arn:aws:sns:us-east-1:111122223333:chime", endpoint: "http://`+addr+`", access_key_id: A, secret_access_key: hunter2}
  republish: {type: eventbridge, endpoint: "http://`+addr+`", `+localKeys+`}
`)
	require.Len(t, got, 10)
	for path, r := range got {
		require.False(t, r.OK, path)
		require.Contains(t, r.Problem, "check ", path)
		require.NotContains(t, r.Problem, "credentials may", path)
	}
}

// TestCheckConnect_PrintsInTheOrderOfTheFile has one who never answers in the middle.
func TestCheckConnect_PrintsInTheOrderOfTheFile(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	require.NoError(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	dir := t.TempDir()
	file := filepath.Join(dir, "carillon.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
nats: {embedded: {dir: "`+dir+`/data"}}
stream: {max_bytes: 16MiB}
sinks:
  zeta: {type: stdout}
  middle: {type: redis, url: "redis://`+silent.Addr().String()+`"}
  alpha: {type: file, path: "`+dir+`/a"}
`), 0o600))
	out, err := carillon(t, "check", "-c", file, "--connect", "--timeout", "200ms")
	require.ErrorIs(t, err, errReported)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 6, out)
	for i, begin := range []string{
		file + ": ok: 0 sources, 3 sinks", "nats          ok     " + dir + "/data comes with the start, writable, ", "sinks.zeta    ok     standard output",
		"sinks.middle  wrong  reaching Redis: no answer within 200ms", "sinks.alpha   ok     " + dir + "/a comes with", "1 of 4 wrong",
	} {
		require.True(t, strings.HasPrefix(lines[i], begin), lines[i])
	}
	_, err = os.Stat(filepath.Join(dir, "data"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestCheckConnect_BeginsWithTheConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "carillon.yaml")
	require.NoError(t, os.WriteFile(file, []byte("sinks: {a: {type: stdou}}\n"), 0o600))
	_, err := carillon(t, "check", "-c", file, "--connect")
	require.ErrorContains(t, err, `did you mean "stdout"?`)
}

func pemOf(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}) }
