package kafka

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

const (
	dialTimeout = 5 * time.Second
	// firstPause and longestPause bound the pause between the client's own attempts, of which there is no end.
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
	// mostBuffered and mostBufferedBytes bound what a client holds (I6). What is more is not sent, and comes again later.
	mostBuffered      = 1 << 11
	mostBufferedBytes = 32 << 20
	// unknownTopicTries is how often the client asks for a topic that does not exist before the attempt fails.
	unknownTopicTries = 2
)

// Start implements pipeline.Starter. It reads the files, so that a wrong one stops the router from starting, and begins to connect.
func (s *sink) Start(ctx context.Context) error {
	dial, err := s.dial()
	if err != nil {
		return err
	}
	s.producers = newProducers(func() (*producer, error) { return s.newProducer(dial) })
	p, err := s.producers.take(ctx)
	if err != nil {
		return err
	}
	s.producers.put(p)
	return nil
}

// dial returns how to reach a broker. It reads the files.
func (s *sink) dial() (dialFunc, error) {
	dialer := &net.Dialer{Timeout: dialTimeout}
	if !s.config.Secure {
		return dialer.DialContext, nil
	}
	config, err := s.config.TLS.Load()
	if err != nil {
		return nil, err
	}
	return (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext, nil
}

func (s *sink) newProducer(dial dialFunc) (*producer, error) {
	p := &producer{}
	opts, err := s.options(p.gate.behind(dial))
	if err != nil {
		return nil, err
	}
	if p.client, err = kgo.NewClient(append(opts, kgo.ManualFlushing())...); err != nil {
		return nil, fmt.Errorf("preparing a Kafka client: %w", err)
	}
	return p, nil
}

func (s *sink) options(dial dialFunc) ([]kgo.Opt, error) {
	compression, err := codec(s.config.Compression)
	if err != nil {
		return nil, err
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(s.config.Brokers...), kgo.ClientID("carillon"),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)),
		kgo.ProducerBatchMaxBytes(int32(s.config.MaxMessage)), kgo.ProducerBatchCompression(compression), //nolint:gosec // at most 256 MiB
		kgo.ProducerLinger(0), // What is handed over together is whole when it is flushed.
		kgo.MaxBufferedRecords(mostBuffered), kgo.MaxBufferedBytes(max(mostBufferedBytes, int(s.config.MaxMessage))), kgo.UnknownTopicRetries(unknownTopicTries),
		kgo.Dialer(dial), kgo.RetryBackoffFn(pause), kgo.MetadataMinAge(longestPause / 4), kgo.AllowAutoTopicCreation(),
		kgo.WithHooks(&s.dials), kgo.DisableClientMetrics(),
	}
	if s.config.SASL.Mechanism != "" {
		opts = append(opts, kgo.SASL(mechanism(&s.config.SASL)))
	}
	return opts, nil
}

func mechanism(c *SASLConfig) sasl.Mechanism {
	auth := scram.Auth{User: c.Username, Pass: c.Password.Reveal()}
	switch c.Mechanism {
	case MechanismScramSHA256:
		return auth.AsSha256Mechanism()
	case MechanismScramSHA512:
		return auth.AsSha512Mechanism()
	case MechanismPlain:
	}
	return plain.Auth{User: c.Username, Pass: c.Password.Reveal()}.AsMechanism()
}

func codec(c Compression) (kgo.CompressionCodec, error) {
	switch c {
	case CompressionNone:
		return kgo.NoCompression(), nil
	case CompressionGzip:
		return kgo.GzipCompression(), nil
	case CompressionSnappy:
		return kgo.SnappyCompression(), nil
	case CompressionLZ4:
		return kgo.Lz4Compression(), nil
	case CompressionZstd:
		return kgo.ZstdCompression(), nil
	}
	return kgo.CompressionCodec{}, fmt.Errorf("%q is none of none, gzip, snappy, lz4 and zstd", string(c))
}

// pause grows from firstPause to longestPause, with jitter.
func pause(attempts int) time.Duration {
	most := min(firstPause<<min(max(attempts-1, 0), 10), longestPause)
	return most/2 + rand.N(most/2+1) //nolint:gosec // jitter
}

// dials remembers why the last attempt to connect failed: the client itself goes on trying and tells nobody.
type dials struct{ last atomic.Pointer[error] }

// OnBrokerConnect implements kgo.HookBrokerConnect.
func (d *dials) OnBrokerConnect(_ kgo.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err == nil {
		d.last.Store(nil)
		return
	}
	d.last.Store(&err)
}

// reason returns why there is no connection, nil when that is not known.
func (d *dials) reason() error {
	if err := d.last.Load(); err != nil {
		return *err
	}
	return nil
}
