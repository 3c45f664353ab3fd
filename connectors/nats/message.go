package nats

import (
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"carillon/connectors/format"
	"carillon/pipeline"
)

// newMessage returns the message that carries e. An error is of class reject.
func (s *sink) newMessage(e *pipeline.Event) (*nats.Msg, error) {
	m, err := format.Encode(s.format, e)
	if err != nil {
		return nil, err
	}
	header := make(nats.Header, len(m.Attributes)+len(m.CloudEvent)+4)
	// Lower case and not by Set of net/textproto: in NATS a header has its name byte for byte.
	header["content-type"] = []string{m.ContentType}
	for _, a := range m.Attributes {
		header[a.Name] = []string{format.HeaderValue(a.Value)}
	}
	for _, a := range m.CloudEvent {
		header["ce-"+a.Name] = []string{format.CloudEventHeader(a.Value)}
	}
	if len(m.CloudEvent) > 0 {
		// The binding wants it here and not in content-type, the SDKs read it there.
		header["ce-datacontenttype"] = []string{m.ContentType}
	}
	if s.mode == ModeJetStream {
		header[jetstream.MsgIDHeader] = []string{e.ID.String()}
		if s.stream != "" {
			header[jetstream.ExpectedStreamHeader] = []string{s.stream}
		}
	}
	return &nats.Msg{Subject: s.subject.of(e), Header: header, Data: m.Body}, nil
}
