// Package connectors is the one explicit list of what a Carillon binary can receive from and forward to.
package connectors

import (
	"io"
	"net/http"

	"carillon/connectors/eventbridge"
	"carillon/connectors/file"
	"carillon/connectors/kafka"
	"carillon/connectors/nats"
	"carillon/connectors/postgres"
	"carillon/connectors/redis"
	"carillon/connectors/sns"
	"carillon/connectors/sqs"
	"carillon/connectors/stdout"
	"carillon/connectors/webhook"
	"carillon/pipeline"
)

// Options are what code, not the user, may change. The zero value is what production uses.
type Options struct {
	// Stdout is where a stdout sink writes. nil: the standard output.
	Stdout io.Writer
	// CertTransport fetches the signing certificates of SNS. nil: the network.
	CertTransport http.RoundTripper
}

// All returns every connector.
func All(o Options) pipeline.Factories {
	return pipeline.Factories{
		Sources: []pipeline.SourceFactory{
			sqs.Factory(),
			sns.FactoryWith(sns.Options{CertTransport: o.CertTransport}),
			eventbridge.Factory(),
		},
		Sinks: []pipeline.SinkFactory{
			file.Factory(),
			stdout.FactoryWith(stdout.Options{Stdout: o.Stdout}),
			webhook.Factory(),
			nats.Factory(),
			kafka.Factory(),
			redis.Factory(),
			postgres.Factory(),
			sqs.SinkFactory(),
			sns.SinkFactory(),
			eventbridge.SinkFactory(),
		},
	}
}
