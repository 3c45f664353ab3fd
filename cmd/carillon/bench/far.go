package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"carillon/connectors/format"
	"carillon/pipeline"
)

// mostInFlight is the largest max_in_flight of a sink.
const mostInFlight = 4096

// The sinks that can be measured.
const (
	sinkFile     = "file"
	sinkNATS     = "nats"
	sinkKafka    = "kafka"
	sinkPostgres = "postgres"
	sinkWebhook  = "webhook"
)

// Sinks returns the types of the sinks that can be measured.
func Sinks() []string { return []string{sinkFile, sinkNATS, sinkKafka, sinkPostgres, sinkWebhook} }

// SinkList returns the types of the sinks that can be measured, for messages.
func SinkList() string { return strings.Join(Sinks(), ", ") }

// far is a far side on this machine. It has one caller at a time.
type far interface {
	// name says what it is.
	name() string
	// renew makes an empty place, where everything goes until the next renew.
	renew(ctx context.Context) error
	// keys are what a user would set so that a sink sends there.
	keys() map[string]any
	// loop makes ready what a bare loop needs to send events there: the bytes that the sink sends, and a client of its own.
	loop(ctx context.Context, events []pipeline.Event) (bareLoop, error)
	// held returns how many events are in the place.
	held(ctx context.Context) (int, error)
	// close ends it. Nothing sends any more.
	close() error
}

// bareLoop sends what was made ready by a client library and does nothing else.
type bareLoop interface {
	// send sends the events with the indexes from up to to, which are a batch, and returns when the far side has accepted them.
	// It is safe for concurrent use.
	send(ctx context.Context, from, to int) error
	close() error
}

// errNoServer means that a sink needs a server that is not part of this program.
var errNoServer = errors.New("needs a server: name a database that may be written to, such as --sink-url postgres://user@127.0.0.1:5432/database")

// openFar starts a far side. It may use dir, which does not exist yet.
func openFar(ctx context.Context, o Options, dir string) (far, error) {
	switch o.Sink {
	case sinkFile:
		return newFileFar(dir)
	case sinkNATS:
		return newNATSFar(dir)
	case sinkKafka:
		return &kafkaFar{}, nil
	case sinkPostgres:
		return newPostgresFar(ctx, o.SinkURL)
	case sinkWebhook:
		return newWebhookFar(ctx)
	}
	return nil, fmt.Errorf("%q is none of %s", o.Sink, SinkList())
}

// encoded returns events in a format.
func encoded(f format.Format, events []pipeline.Event) ([]format.Message, error) {
	out := make([]format.Message, len(events))
	for i := range events {
		var err error
		if out[i], err = format.Encode(f, &events[i]); err != nil {
			return nil, fmt.Errorf("making what a bare loop sends: %w", err)
		}
	}
	return out, nil
}

// linesOf returns events as lines without their newline.
func linesOf(f format.Format, events []pipeline.Event) ([][]byte, error) {
	out := make([][]byte, len(events))
	for i := range events {
		var err error
		if out[i], err = format.AppendLine(nil, f, &events[i]); err != nil {
			return nil, fmt.Errorf("making what a bare loop sends: %w", err)
		}
	}
	return out, nil
}
