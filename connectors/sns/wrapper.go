package sns

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The values of Type.
const (
	typeNotification = "Notification"
	typeSubscribe    = "SubscriptionConfirmation"
	typeUnsubscribe  = "UnsubscribeConfirmation"
)

// wrapper is what SNS puts around a message, every field unescaped and otherwise as received.
type wrapper struct {
	kind             string
	messageID        string
	topicArn         string
	message          string
	subject          *string
	timestamp        string
	token            string
	subscribeURL     string
	signatureVersion string
	signature        string
	signingCertURL   string
	// foreign is true when there are names that SNS does not use.
	foreign bool
}

// field is a name and a value that the signature covers.
type field struct{ name, value string }

// readWrapper reads a body, once: what is verified is what is stored. A repeated name is refused, because another reader
// might take the other value, and so is what is nested deeper than SNS ever does; names are compared exactly. The error is a *refusal.
func readWrapper(body []byte) (*wrapper, error) {
	if tooDeep(body) {
		return nil, refuse(malformed)
	}
	w := &wrapper{}
	d := jsontext.NewDecoder(bytes.NewBuffer(body))
	kind := d.PeekKind()
	if err := w.readObject(d, kind); err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, refuse(malformed)
	}
	return w, w.check()
}

func (w *wrapper) readObject(d *jsontext.Decoder, kind jsontext.Kind) error {
	if kind != '{' {
		return notAnObject(d)
	}
	if _, err := d.ReadToken(); err != nil {
		return refuse(malformed)
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return refuse(malformed)
		}
		if err := w.readField(d, name.String()); err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return refuse(malformed)
	}
	return nil
}

// notAnObject tells other JSON, which raw delivery may bring, from what is no JSON.
func notAnObject(d *jsontext.Decoder) error {
	if err := d.SkipValue(); err != nil {
		return refuse(malformed)
	}
	return refuse(rawDelivery)
}

func (w *wrapper) readField(d *jsontext.Decoder, name string) error {
	if name == "Subject" && d.PeekKind() == 'n' {
		return skip(d)
	}
	to := w.place(name)
	if to == nil {
		w.foreign = w.foreign || (name != "UnsubscribeURL" && name != "MessageAttributes")
		return skip(d)
	}
	value, err := d.ReadToken()
	if err != nil || value.Kind() != '"' {
		return refuse(malformed)
	}
	*to = value.String()
	return nil
}

func skip(d *jsontext.Decoder) error {
	if err := d.SkipValue(); err != nil {
		return refuse(malformed)
	}
	return nil
}

// place is where the value of a name belongs; nil for names that are not read.
func (w *wrapper) place(name string) *string {
	switch name {
	case "Type":
		return &w.kind
	case "MessageId":
		return &w.messageID
	case "TopicArn":
		return &w.topicArn
	case "Message":
		return &w.message
	case "Subject":
		w.subject = new(string)
		return w.subject
	case "Timestamp":
		return &w.timestamp
	case "Token":
		return &w.token
	case "SubscribeURL":
		return &w.subscribeURL
	case "SignatureVersion":
		return &w.signatureVersion
	case "Signature":
		return &w.signature
	case "SigningCertURL":
		return &w.signingCertURL
	}
	return nil
}

// check finds what a message of its type must have. Message itself may be empty.
func (w *wrapper) check() error {
	switch w.kind {
	case "":
		return refuse(rawDelivery)
	case typeNotification, typeSubscribe, typeUnsubscribe:
	default:
		return refuse(unknownType)
	}
	needed := []string{w.messageID, w.topicArn, w.timestamp, w.signatureVersion, w.signature, w.signingCertURL}
	if w.kind != typeNotification {
		needed = append(needed, w.token, w.subscribeURL)
	}
	for _, value := range needed {
		if value == "" {
			return refuse(missing)
		}
		// The string to sign separates fields by line ends: a field with one could pass for several.
		if strings.ContainsAny(value, "\r\n") {
			return refuse(malformed)
		}
	}
	return nil
}

// signed returns the fields that the signature covers, in its order.
func (w *wrapper) signed() []field {
	fields := []field{{"Message", w.message}, {"MessageId", w.messageID}}
	if w.kind == typeNotification {
		if w.subject != nil {
			fields = append(fields, field{"Subject", *w.subject})
		}
		return append(fields, field{"Timestamp", w.timestamp}, field{"TopicArn", w.topicArn}, field{"Type", w.kind})
	}
	return append(fields,
		field{"SubscribeURL", w.subscribeURL}, field{"Timestamp", w.timestamp}, field{"Token", w.token},
		field{"TopicArn", w.topicArn}, field{"Type", w.kind})
}

// reduced is a wrapper of the signed fields alone.
func (w *wrapper) reduced() []byte {
	b := []byte{'{'}
	for i, f := range w.signed() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendQuoted(append(appendQuoted(b, f.name), ':'), f.value)
	}
	return append(b, '}')
}

func appendQuoted(b []byte, s string) []byte {
	// The only error is invalid UTF-8, which the decoder refused, and even then b gets a string.
	b, _ = jsontext.AppendQuote(b, s)
	return b
}
