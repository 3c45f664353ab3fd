package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"carillon/connectors/format"
	"carillon/connectors/nats"
	"carillon/pipeline"
)

const (
	farStream  = "FAR"
	farSubject = "far."
)

// natsFar is a server beside the one of the journal, behind a socket, with one stream.
type natsFar struct {
	server *server.Server
	conn   *natsgo.Conn
	js     jetstream.JetStream
}

func newNATSFar(dir string) (*natsFar, error) {
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: dir, NoLog: true, NoSigs: true,
	})
	if err != nil {
		return nil, fmt.Errorf("making a NATS server: %w", err)
	}
	srv.Start()
	f := &natsFar{server: srv}
	if !srv.ReadyForConnections(stall) {
		return nil, errors.Join(errors.New("a NATS server does not start"), f.close())
	}
	if f.conn, f.js, err = f.connect(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *natsFar) connect() (*natsgo.Conn, jetstream.JetStream, error) {
	conn, err := natsgo.Connect(f.server.ClientURL())
	if err != nil {
		return nil, nil, fmt.Errorf("connecting to the far side: %w", err)
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(1<<20))
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("preparing JetStream: %w", err)
	}
	return conn, js, nil
}

func (f *natsFar) name() string { return "a JetStream server in this process, in a file" }

// renew makes the stream anew: what is purged is still remembered as a duplicate.
func (f *natsFar) renew(ctx context.Context) error {
	if err := f.js.DeleteStream(ctx, farStream); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("removing a stream: %w", err)
	}
	if _, err := f.js.CreateStream(ctx, jetstream.StreamConfig{Name: farStream, Subjects: []string{farSubject + ">"}}); err != nil {
		return fmt.Errorf("making a stream: %w", err)
	}
	return nil
}

func (f *natsFar) keys() map[string]any {
	return map[string]any{"url": f.server.ClientURL(), "subject": farSubject + "{key}"}
}

func (f *natsFar) loop(_ context.Context, events []pipeline.Event) (bareLoop, error) {
	messages, err := encoded(nats.DefaultConfig().Format, events)
	if err != nil {
		return nil, err
	}
	l := &natsLoop{}
	for i, m := range messages {
		header := natsgo.Header{"content-type": {m.ContentType}, jetstream.MsgIDHeader: {events[i].ID.String()}}
		for _, a := range m.Attributes {
			header[a.Name] = []string{format.HeaderValue(a.Value)}
		}
		l.messages = append(l.messages, natsgo.Msg{Subject: farSubject + events[i].Key, Header: header, Data: m.Body})
	}
	l.conn, l.js, err = f.connect()
	return l, err
}

func (f *natsFar) held(ctx context.Context) (int, error) {
	stream, err := f.js.Stream(ctx, farStream)
	if err != nil {
		return 0, fmt.Errorf("looking at a stream: %w", err)
	}
	return int(stream.CachedInfo().State.Msgs), nil //nolint:gosec // no run makes so many
}

func (f *natsFar) close() error {
	if f.conn != nil {
		f.conn.Close()
	}
	f.server.Shutdown()
	f.server.WaitForShutdown()
	return nil
}

// natsLoop publishes a batch of messages and waits for the answer to each.
type natsLoop struct {
	conn     *natsgo.Conn
	js       jetstream.JetStream
	messages []natsgo.Msg
}

func (l *natsLoop) send(ctx context.Context, from, to int) error {
	futures := make([]jetstream.PubAckFuture, 0, to-from)
	for i := from; i < to; i++ {
		f, err := l.js.PublishMsgAsync(&l.messages[i])
		if err != nil {
			return err
		}
		futures = append(futures, f)
	}
	for _, f := range futures {
		select {
		case <-f.Ok():
		case err := <-f.Err():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (l *natsLoop) close() error {
	l.conn.Close()
	return nil
}
