package kafka

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"carillon/connectors/format"
	"carillon/pipeline"
)

// newRecord returns the record that carries e. An error is of class reject.
func (s *sink) newRecord(e *pipeline.Event) (*kgo.Record, error) {
	m, err := format.Encode(s.format, e)
	if err != nil {
		return nil, err
	}
	headers := make([]kgo.RecordHeader, 0, len(m.Attributes)+len(m.CloudEvent)+1)
	add := func(name, value string) {
		headers = append(headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
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

// size is at least what a record takes in a batch.
func size(r *kgo.Record) int {
	const record, header = 64, 16 // more than the numbers of each
	n := record + len(r.Key) + len(r.Value)
	for i := range r.Headers {
		n += header + len(r.Headers[i].Key) + len(r.Headers[i].Value)
	}
	return n
}
