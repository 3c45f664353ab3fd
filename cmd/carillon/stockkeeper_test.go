package main_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"carillon/pipeline"
	"carillon/pipeline/chime"
	"carillon/pipeline/journal"
)

var stockInto = flag.String("stock-into", "", "write the stock of the stock test into this directory, say so, and wait to be killed")

const (
	// stockReady is what the stockkeeper says when it is done.
	stockReady = "stock is ready"
	// meetingEvents is how many events a meeting of the stock has.
	meetingEvents = 10
	// oldCopies is how many copies there are for one of an event from anywhere in the stock; the others are of the latest events.
	oldCopies = 50
)

// stock is a journal of events, numbered from 0, and of records in RAW, as many copies of these as new events. The new ones
// have the numbers that follow.
type stock struct{ events, raw int }

// keepStock writes a stock and holds its journal open until the process is killed. It takes the place of the tests.
func keepStock(dir string, events int) int {
	connect := journal.DefaultConnect()
	connect.Embedded.Dir = dir
	j, err := openStock(context.Background(), connect)
	if err == nil {
		err = stock{events: events, raw: events / 10}.write(context.Background(), j)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Print(stockReady)
	_, _ = io.Copy(io.Discard, os.Stdin) // It ends when the test that should kill it is gone.
	return 1
}

func openStock(ctx context.Context, connect journal.ConnectConfig) (*journal.Journal, error) {
	return journal.Open(ctx, connect, stockStream(), journal.Settings{
		Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Owner: "stock", Clock: time.Now,
	})
}

func (s stock) write(ctx context.Context, j *journal.Journal) error {
	if err := s.writeEvents(ctx, j); err != nil {
		return err
	}
	var msgs []*nats.Msg
	for k := range s.raw {
		n := s.events + k/2 // A new event, or a copy:
		switch {
		case k%2 == 0 && k%oldCopies == 0:
			n = k * (s.events / s.raw)
		case k%2 == 0:
			n = s.events - 1 - k/2
		}
		r, body := s.event(n)
		msgs = append(msgs, j.RawMessage(journal.Notification{Record: r, Source: "queue", Received: time.Now(), Body: body}))
		if len(msgs) == journal.MaxAppend || k == s.raw-1 {
			if err := j.AppendRaw(ctx, msgs); err != nil {
				return err
			}
			msgs = nil
		}
	}
	return nil
}

// writeEvents makes events while those before are stored.
func (s stock) writeEvents(ctx context.Context, j *journal.Journal) error {
	fences := make([]*journal.Fence, j.Partitions())
	for p := range fences {
		var err error
		if fences[p], err = j.TakeFence(ctx, p); err != nil {
			return err
		}
	}
	type batch struct {
		fence *journal.Fence
		msgs  []*nats.Msg
	}
	batches := make(chan batch, 4)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		for b := range batches {
			if err := b.fence.Append(ctx, b.msgs); err != nil {
				return err
			}
		}
		return nil
	})
	waiting := make([][]*nats.Msg, len(fences))
	send := func(p int) {
		select {
		case batches <- batch{fences[p], waiting[p]}:
		case <-ctx.Done():
		}
		waiting[p] = nil
	}
	for n := range s.events {
		p, m := s.eventMessage(j, n)
		if waiting[p] = append(waiting[p], m); len(waiting[p]) == journal.MaxAppend {
			send(p)
		}
	}
	for p := range fences {
		send(p)
	}
	close(batches)
	return g.Wait()
}

// eventMessage returns event n as EVENTS holds it, and its partition.
func (s stock) eventMessage(j *journal.Journal, n int) (int, *nats.Msg) {
	r, body := s.event(n)
	p := chime.Partition(r.Key, j.Partitions())
	return p, j.EventMessage(p, &pipeline.Event{
		ID: r.ID, Key: r.Key, Kind: r.Kind, Attendee: r.Attendee, Time: time.UnixMilli(r.Time), Received: time.UnixMilli(r.Time),
		// The records that they came of are not the ones that RAW has now.
		Source: "queue", Raw: 1<<40 + uint64(n), Body: body,
	})
}

// event returns event n. Every other new event goes on with one of the last meetings of the stock, the rest are of new meetings.
func (s stock) event(n int) (chime.Record, []byte) {
	meeting := n / meetingEvents
	if k := n - s.events; k > 0 && k%2 == 0 {
		meeting = (s.events - 1 - k) / meetingEvents
	}
	const start = 1_767_225_600_000 // 2026
	body := []byte(notice(fmt.Sprintf("meeting-%d", meeting), fmt.Sprintf("attendee-%d", n), start+int64(n), 0))
	item := chime.Read(nil, body, time.Time{})[0]
	if item.Err != nil {
		panic(item.Err) // The test made it.
	}
	return item.Record, body
}
