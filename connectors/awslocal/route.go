package awslocal

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

const maxRequest = 8 << 20

// operation answers one JSON request.
type operation func(ctx context.Context, body []byte) (any, error)

// typed makes an operation of a function that takes its input decoded.
func typed[In any](f func(context.Context, *In) (any, error)) operation {
	return func(ctx context.Context, body []byte) (any, error) {
		var in In
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, badRequest("SerializationException", "The request is not what the operation takes.")
		}
		return f(ctx, &in)
	}
}

// sqsOperations lists what the SQS service can do.
func sqsOperations(s *queues) map[string]operation {
	return map[string]operation{
		"CreateQueue":                  typed(s.create),
		"DeleteQueue":                  typed(s.remove),
		"ListQueues":                   typed(s.list),
		"GetQueueUrl":                  typed(s.queueURL),
		"GetQueueAttributes":           typed(s.attributes),
		"SetQueueAttributes":           typed(s.setAttributes),
		"PurgeQueue":                   typed(s.purge),
		"SendMessage":                  typed(s.send),
		"SendMessageBatch":             typed(s.sendBatch),
		"ReceiveMessage":               typed(s.receive),
		"DeleteMessage":                typed(s.one(deleteMessage)),
		"DeleteMessageBatch":           typed(s.many("sqs:DeleteMessageBatch", deleteMessage)),
		"ChangeMessageVisibility":      typed(s.one(changeVisibility)),
		"ChangeMessageVisibilityBatch": typed(s.many("sqs:ChangeMessageVisibilityBatch", changeVisibility)),
	}
}

// jsonService serves one of the JSON protocols.
type jsonService struct {
	name        string // as IAM calls it
	contentType string
	operations  map[string]operation
	faults      *faultBox
}

func (s *jsonService) serve(w http.ResponseWriter, r *http.Request, name string) {
	w.Header().Set("X-Amzn-Requestid", newID())
	w.Header().Set("Content-Type", s.contentType)
	out, err := s.answer(r, name)
	if err != nil {
		writeJSONError(w, asAPIError(err))
		return
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(out)
}

func (s *jsonService) answer(r *http.Request, name string) (any, error) {
	f, ok := s.operations[name]
	if !ok {
		return nil, badRequest("UnknownOperationException", "The operation "+name+" is not served here.")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, badRequest("SerializationException", "The request could not be read.")
	}
	if err := s.faults.call(r.Context(), s.name+":"+name); err != nil {
		return nil, err
	}
	return f(r.Context(), body)
}

// router tells the services on one listener apart: the JSON protocols by X-Amz-Target, SNS by its form.
type router struct {
	json map[string]*jsonService
	sns  *topics
}

func newRouter(s *queues, t *topics, b *bus, k *keys, f *faultBox) *router {
	return &router{
		sns: t,
		json: map[string]*jsonService{
			"AmazonSQS": {name: "sqs", contentType: "application/x-amz-json-1.0", operations: sqsOperations(s), faults: f},
			"AWSEvents": {
				name: "events", contentType: "application/x-amz-json-1.1", faults: f,
				operations: eventsOperations(b),
			},
			"TrentService": {name: "kms", contentType: "application/x-amz-json-1.1", operations: kmsOperations(k), faults: f},
		},
	}
}

// ServeHTTP implements http.Handler.
func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	target := r.Header.Get("X-Amz-Target")
	if target == "" {
		rt.sns.ServeHTTP(w, r)
		return
	}
	service, name, _ := strings.Cut(target, ".")
	s, ok := rt.json[service]
	if !ok {
		writeJSONError(w, asAPIError(errors.New("no service "+service+" here")))
		return
	}
	s.serve(w, r, name)
}
