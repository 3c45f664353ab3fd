package bench

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"carillon/connectors/kafka"
	"carillon/pipeline"
)

const (
	farTopic = "far"
	// farParts is how many partitions the topic has: what is usual for a topic that is read by several.
	farParts = 8
)

// kafkaFar is a broker of the client library, which keeps everything in memory.
type kafkaFar struct{ cluster *kfake.Cluster }

func (f *kafkaFar) name() string { return "kfake in this process, 8 partitions in memory" }

// renew makes a new broker, because one does not give memory back.
func (f *kafkaFar) renew(context.Context) error {
	if err := f.close(); err != nil {
		return err
	}
	var err error
	if f.cluster, err = kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(farParts, farTopic)); err != nil {
		return fmt.Errorf("starting a broker: %w", err)
	}
	return nil
}

func (f *kafkaFar) keys() map[string]any {
	return map[string]any{"brokers": f.cluster.ListenAddrs(), "topic": farTopic}
}

func (f *kafkaFar) loop(ctx context.Context, events []pipeline.Event) (bareLoop, error) {
	messages, err := encoded(kafka.DefaultConfig().Format, events)
	if err != nil {
		return nil, err
	}
	l := &kafkaLoop{records: make([]kgo.Record, len(events))}
	for i, m := range messages {
		headers := []kgo.RecordHeader{{Key: "content-type", Value: []byte(m.ContentType)}}
		for _, a := range m.Attributes {
			headers = append(headers, kgo.RecordHeader{Key: a.Name, Value: []byte(a.Value)})
		}
		l.records[i] = kgo.Record{Topic: farTopic, Key: []byte(events[i].Key), Value: m.Body, Headers: headers}
	}
	// As the sink has it by default.
	l.client, err = kgo.NewClient(kgo.SeedBrokers(f.cluster.ListenAddrs()...), kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerBatchCompression(kgo.SnappyCompression()), kgo.ProducerLinger(0), kgo.DisableClientMetrics())
	if err != nil {
		return nil, fmt.Errorf("preparing a Kafka client: %w", err)
	}
	if err := l.client.Ping(ctx); err != nil {
		l.client.Close()
		return nil, fmt.Errorf("connecting to a broker: %w", err)
	}
	return l, nil
}

func (f *kafkaFar) held(context.Context) (int, error) {
	n := int64(0)
	for _, p := range f.cluster.PartitionInfos(farTopic) {
		n += p.HighWatermark
	}
	return int(n), nil
}

func (f *kafkaFar) close() error {
	if f.cluster != nil {
		f.cluster.Close()
	}
	return nil
}

// kafkaLoop produces a batch of records and waits for the answer to each.
type kafkaLoop struct {
	client  *kgo.Client
	records []kgo.Record
}

func (l *kafkaLoop) send(ctx context.Context, from, to int) error {
	answers := make(chan error, to-from)
	for i := from; i < to; i++ {
		l.client.Produce(ctx, &l.records[i], func(_ *kgo.Record, err error) { answers <- err })
	}
	var failed error
	for range to - from {
		if err := <-answers; err != nil {
			failed = err
		}
	}
	return failed
}

func (l *kafkaLoop) close() error {
	l.client.Close()
	return nil
}
