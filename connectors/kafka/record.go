package kafka

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"carillon/connectors/format"
	"carillon/pipeline"
)

// roomForValues is what the values of the headers of one event mostly take.
const roomForValues = 256

// newRecord returns the record that carries e. An error is of class reject.
func (s *sink) newRecord(e *pipeline.Event) (*kgo.Record, error) {
	m, err := format.Encode(s.format, e)
	if err != nil {
		return nil, err
	}
	headers := make([]kgo.RecordHeader, 0, 1+len(m.Attributes)+len(m.CloudEvent))
	values := make([]byte, 0, roomForValues) // of all headers, one after the other
	add := func(name, value string) {
		begin := len(values)
		values = append(values, value...)
		headers = append(headers, kgo.RecordHeader{Key: name, Value: values[begin:len(values):len(values)]})
	}
	add("content-type", m.ContentType)
	for _, a := range m.Attributes {
		add(a.Name, a.Value)
	}
	for _, a := range m.CloudEvent {
		add("ce_"+a.Name, a.Value)
	}
	// The key is never nil: a record without one could be in any partition.
	return &kgo.Record{Topic: s.topic, Key: []byte(e.Key), Value: m.Body, Headers: headers}, nil
}

// size is at least what a record takes in a batch, before compression.
func size(r *kgo.Record) int {
	const record, header = 64, 16 // more than the numbers of each
	n := record + len(r.Key) + len(r.Value)
	for i := range r.Headers {
		n += header + len(r.Headers[i].Key) + len(r.Headers[i].Value)
	}
	return n
}
