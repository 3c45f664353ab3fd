package journal

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestReadAck(t *testing.T) {
	for data, want := range map[string]uint64{
		`{"stream":"CHIME_RAW","seq":1}`:                                 1,
		`{"stream":"CHIME_RAW","domain":"d","seq":18446744073709551615}`: 18446744073709551615,
		`{"stream":"S","seq":12,"duplicate":true}`:                       12,
		`{"stream":"S","seq":1234567890123456789}`:                       1234567890123456789,
		`{"seq": 7, "stream": "S"}`:                                      7,
		`{"stream":"\"seq\":5}","seq":6}`:                                6,
	} {
		got, err := readAck(&nats.Msg{Data: []byte(data)})
		require.NoError(t, err, data)
		require.Equal(t, want, got, data)
	}
	for data, want := range map[string]error{
		``:                        jetstream.ErrInvalidJSAck,
		`{}`:                      jetstream.ErrInvalidJSAck,
		`{"stream":"S","seq":}`:   jetstream.ErrInvalidJSAck,
		`{"stream":"S","seq":1`:   jetstream.ErrInvalidJSAck,
		`{"stream":"S","seq":-1}`: jetstream.ErrInvalidJSAck,
		`{"stream":"","seq":1.5}`: jetstream.ErrInvalidJSAck,
		`{"error":{"err_code":10071,"code":400,"description":"wrong last sequence: 3"}}`:                                 ErrFenced,
		`{"error":{"err_code":10077,"code":503,"description":"maximum bytes exceeded"},"stream":"CHIME_EVENTS","seq":0}`: ErrFull,
	} {
		_, err := readAck(&nats.Msg{Data: []byte(data)})
		require.ErrorIs(t, classify(err), want, data)
	}
	_, err := readAck(&nats.Msg{Header: nats.Header{"Status": {"503"}}})
	require.ErrorIs(t, err, jetstream.ErrNoStreamResponse)
}

// connected returns a publisher that is connected to a server, and the server's connection of somebody who answers.
func connected(t *testing.T) (*publisher, *nats.Conn) {
	t.Helper()
	srv, err := startEmbedded(EmbeddedConfig{Dir: t.TempDir(), Sync: SyncInterval})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, srv.stop()) })
	var p publisher
	here, err := nats.Connect("", nats.InProcessServer(srv), nats.DisconnectErrHandler(func(*nats.Conn, error) { p.lose() }))
	require.NoError(t, err)
	t.Cleanup(here.Close)
	there, err := nats.Connect("", nats.InProcessServer(srv))
	require.NoError(t, err)
	t.Cleanup(there.Close)
	require.NoError(t, p.listen(here))
	return &p, there
}

func run(n int) []*nats.Msg {
	msgs := make([]*nats.Msg, n)
	for i := range msgs {
		msgs[i] = &nats.Msg{Subject: "a", Data: []byte{byte(i)}}
	}
	return msgs
}

// TestAnswersBelongToTheirMessages has a far side that answers in any order, twice, and what nobody asked for.
func TestAnswersBelongToTheirMessages(t *testing.T) {
	p, there := connected(t)
	var asked []*nats.Msg
	_, err := there.Subscribe("a", func(m *nats.Msg) {
		asked = append(asked, m)
		if len(asked) < 5 {
			return
		}
		for _, subject := range []string{"x.0", "1.x", "999.0", "1.-1", "1.5", "1.99999999999999999999"} {
			require.NoError(t, there.Publish(p.prefix+subject, []byte(`{"stream":"S","seq":99}`)))
		}
		for _, i := range []int{3, 0, 3, 4, 1, 2} {
			answer := `{"stream":"S","seq":1` + string(rune('0'+asked[i].Data[0])) + `}`
			if i == 4 {
				answer = `{"error":{"err_code":10071,"code":400}}`
			}
			require.NoError(t, asked[i].Respond([]byte(answer)))
			require.NoError(t, asked[i].Respond([]byte(`{"stream":"S","seq":77}`)))
		}
	})
	require.NoError(t, err)
	require.NoError(t, there.Flush())
	last, errs := p.publish(bounded(t), run(5))
	require.Equal(t, uint64(13), last)
	require.NoError(t, errs[0])
	require.NoError(t, errs[3])
	require.ErrorIs(t, classify(errs[4]), ErrFenced)
	require.Empty(t, p.runs)
}

// TestNoAnswer expects an outcome for every message when the answer does not come: in time, because of the connection, or because
// nobody listens.
func TestNoAnswer(t *testing.T) {
	p, there := connected(t)
	_, errs := p.publish(bounded(t), run(2))
	require.ErrorIs(t, errs[1], jetstream.ErrNoStreamResponse)

	heard := make(chan struct{}, 4)
	_, err := there.Subscribe("a", func(*nats.Msg) { heard <- struct{}{} })
	require.NoError(t, err)
	require.NoError(t, there.Flush())
	ctx, cancel := context.WithTimeout(bounded(t), 50*time.Millisecond)
	defer cancel()
	_, errs = p.publish(ctx, run(2))
	require.ErrorIs(t, errs[0], context.DeadlineExceeded)
	require.ErrorIs(t, errs[1], context.DeadlineExceeded)
	<-heard
	<-heard

	lost := make(chan []error)
	go func() {
		_, errs := p.publish(context.Background(), run(2))
		lost <- errs
	}()
	<-heard
	<-heard
	require.NoError(t, p.nc.ForceReconnect())
	errs = <-lost
	require.ErrorIs(t, errs[0], errLost)
	require.ErrorIs(t, errs[1], errLost)
	require.Empty(t, p.runs)
}

// TestNothingToPublish ends at once.
func TestNothingToPublish(t *testing.T) {
	var p publisher
	last, errs := p.publish(bounded(t), nil)
	require.Zero(t, last)
	require.Empty(t, errs)
}

// TestPlainAckNeverMisreads compares the short way with the parser.
func TestPlainAckNeverMisreads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.StringMatching(`\{"stream":"[a-z",:]{0,9}"(,"domain":"[a-z"]{0,3}")?,"seq":[0-9]{0,21}[}a]?`).Draw(t, "answer")
		short, ok := plainAck([]byte(data))
		if !ok {
			return
		}
		long, err := parseAck([]byte(data))
		if err == nil {
			require.Equal(t, long, short)
		}
	})
}
