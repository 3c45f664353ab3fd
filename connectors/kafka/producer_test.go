package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"carillon/pipeline"
	"carillon/pipeline/chime"
)

const testTopic = "meetings"

// startSink returns a sink whose topic is known, and how many records the topic has.
func startSink(t *testing.T) (*sink, func() int) {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, testTopic))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	cfg := DefaultConfig()
	cfg.Brokers, cfg.Topic = cluster.ListenAddrs(), testTopic
	s := newSink(&cfg, pipeline.Settings{ID: "log", Logger: slog.New(slog.DiscardHandler), Registerer: prometheus.NewRegistry(), Clock: time.Now})
	require.NoError(t, s.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Close(context.WithoutCancel(t.Context()))) })
	require.NoError(t, s.Write(t.Context(), someEvents("first of all", 1)))
	return s, func() int {
		n := int64(0)
		for _, p := range cluster.PartitionInfos(testTopic) {
			n += p.HighWatermark
		}
		return int(n)
	}
}

func someEvents(key string, n int) []pipeline.Event {
	out := make([]pipeline.Event, n)
	for i := range out {
		out[i] = pipeline.Event{ID: identityOf(key, i), Key: key, Body: []byte(`{}`)}
	}
	return out
}

func identityOf(key string, n int) chime.Identity {
	var id chime.Identity
	copy(id[:], fmt.Appendf(nil, "%02d %s", n, key))
	return id
}

// TestHandOver_SendsNothingWhenOneFails: the first is fine, the second the client does not take, and the third must not be there.
func TestHandOver_SendsNothingWhenOneFails(t *testing.T) {
	s, stored := startSink(t)
	p, err := s.producers.take(t.Context())
	require.NoError(t, err)
	events := someEvents("m", 3)
	records := make([]*kgo.Record, len(events))
	for i := range events {
		records[i], err = s.newRecord(&events[i])
		require.NoError(t, err)
	}
	records[1].Value = make([]byte, 2*defaultMaxMessage)
	require.Nil(t, p.handOver(t.Context(), &s.flights, events, records))
	require.True(t, p.gate.isShut())
	s.producers.put(p)
	require.Equal(t, 1, stored())

	require.NoError(t, s.Write(t.Context(), events), "with another client")
	require.Equal(t, 4, stored())
}

func TestHandOver_NotBehindAnything(t *testing.T) {
	s, _ := startSink(t)
	p, err := s.producers.take(t.Context())
	require.NoError(t, err)
	defer s.producers.put(p)
	for name, change := range map[string]func() func(){
		"nothing was accepted yet":       func() func() { p.proven = false; return func() { p.proven = true } },
		"a record is on its way":         func() func() { p.flying.Add(1); return func() { p.flying.Add(-1) } },
		"what is handed over goes":       func() func() { p.flushing = true; return func() { p.flushing = false } },
		"something is being sent":        func() func() { p.gate.mu.RLock(); return p.gate.mu.RUnlock },
		"somebody else holds the client": func() func() { require.True(t, p.gate.tryHold()); return p.gate.open },
	} {
		undo := change()
		require.Nil(t, p.handOver(t.Context(), &s.flights, nil, nil), name)
		undo()
		require.False(t, p.gate.isShut(), name)
	}
	require.NotNil(t, p.handOver(t.Context(), &s.flights, nil, nil))
}

func TestInOrder(t *testing.T) {
	record := func(key string, partition int32) *kgo.Record {
		return &kgo.Record{Key: []byte(key), Partition: partition}
	}
	records := []*kgo.Record{record("a", 1), record("b", 2), record("a", 1)}
	under := []*flight{{}, {}, {}}
	require.True(t, inOrder(under, records))
	records[2].Partition = 2
	require.False(t, inOrder(under, records), "a meeting in two partitions")
	records[2].Partition = 1
	new(flights).land(under[1], errors.New("refused"))
	require.False(t, inOrder(under, records), "one has failed")
}

func TestGate_HoldsWhatIsSent(t *testing.T) {
	here, there := net.Pipe()
	defer func() { require.NoError(t, there.Close()) }()
	var g gate
	conn, err := g.behind(func(context.Context, string, string) (net.Conn, error) { return here, nil })(t.Context(), "", "")
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	require.True(t, g.tryHold())
	var sending errgroup.Group
	sending.Go(func() error {
		_, err := conn.Write([]byte("x"))
		return err
	})
	require.False(t, g.tryHold())
	g.open()
	_, err = there.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, sending.Wait())

	require.True(t, g.tryHold())
	g.close()
	_, err = conn.Write([]byte("x"))
	require.ErrorIs(t, err, net.ErrClosed)
}

// TestFlights_AnAnswerIsNeverMissed lets answers come while flights are left.
func TestFlights_AnAnswerIsNeverMissed(t *testing.T) {
	var all flights
	refused := errors.New("refused")
	for i := range 1000 {
		n := &flight{of: sending{id: chime.Identity{1: byte(i)}}}
		var client errgroup.Group
		client.Go(func() error { all.land(n, refused); return nil })
		all.leave(n)
		if !n.isAnswered() {
			<-n.done
		}
		require.Equal(t, refused, n.err)
		require.NoError(t, client.Wait())
		require.Nil(t, all.find(n.of))
	}
}

// TestFlights_WhatWasAcceptedIsFoundOnce: history that was sent again is another matter.
func TestFlights_WhatWasAcceptedIsFoundOnce(t *testing.T) {
	var all flights
	e := someEvents("m", 1)[0]
	n := &flight{of: sendingOf(&e)}
	all.leave(n)
	all.land(n, nil)
	require.Same(t, n, all.find(sendingOf(&e)))
	e.Replay = true
	require.Nil(t, all.find(sendingOf(&e)))
	all.forget(n)
	require.Nil(t, all.find(n.of))
}

func TestFlights_DoNotGrowForEver(t *testing.T) {
	var all flights
	under := &flight{of: sendingOf(&pipeline.Event{Key: "under way"})}
	all.leave(under)
	for i := range 3 * mostLeft {
		e := someEvents("m", 1)[0]
		e.ID[14], e.ID[15], e.ID[13] = byte(i), byte(i>>8), byte(i>>16)
		n := &flight{of: sendingOf(&e)}
		all.leave(n)
		all.land(n, nil)
		require.LessOrEqual(t, len(all.of), mostLeft)
	}
	require.Same(t, under, all.find(under.of))
}

func TestProducers_MoreWritesThanClients(t *testing.T) {
	s, stored := startSink(t)
	var all errgroup.Group
	for i := range 5 * mostProducers {
		all.Go(func() error { return s.Write(t.Context(), someEvents(fmt.Sprint("meeting ", i), 10)) })
	}
	require.NoError(t, all.Wait())
	require.Equal(t, 1+5*mostProducers*10, stored())
	require.LessOrEqual(t, len(s.producers.all), mostProducers)
}
