package awslocal

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // G505: version 1 of the signature of SNS is SHA-1
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// The kinds of messages that SNS sends.
const (
	kindNotification = "Notification"
	kindSubscription = "SubscriptionConfirmation"
	kindUnsubscribe  = "UnsubscribeConfirmation"
)

// envelope is the body of a message. Its fields are in the order in which SNS writes them.
type envelope struct {
	Type             string                        `json:"Type"`
	MessageID        string                        `json:"MessageId"`
	Token            string                        `json:"Token,omitempty"`
	TopicArn         string                        `json:"TopicArn"`
	Subject          string                        `json:"Subject,omitempty"`
	Message          string                        `json:"Message"`
	SubscribeURL     string                        `json:"SubscribeURL,omitempty"`
	Timestamp        string                        `json:"Timestamp"`
	SignatureVersion string                        `json:"SignatureVersion"`
	Signature        string                        `json:"Signature"`
	SigningCertURL   string                        `json:"SigningCertURL"`
	UnsubscribeURL   string                        `json:"UnsubscribeURL,omitempty"`
	Attributes       map[string]envelopedAttribute `json:"MessageAttributes,omitempty"`
}

type envelopedAttribute struct {
	Type  string `json:"Type"`
	Value string `json:"Value"`
}

// outgoing is one message to one endpoint.
type outgoing struct {
	kind, id string
	body     []byte
}

// notification builds and signs the envelope of a published message.
func (t *topics) notification(arn, id, version string, n notice) (*envelope, error) {
	e := &envelope{
		Type: kindNotification, MessageID: id, TopicArn: arn, Subject: n.subject, Message: n.message,
		Timestamp: millis(t.server.clock.now()), SignatureVersion: version, SigningCertURL: t.server.SigningCertURL(),
	}
	for name, a := range n.attributes {
		if e.Attributes == nil {
			e.Attributes = make(map[string]envelopedAttribute)
		}
		value := a.StringValue
		if strings.HasPrefix(a.DataType, "Binary") {
			value = base64.StdEncoding.EncodeToString(a.BinaryValue)
		}
		e.Attributes[name] = envelopedAttribute{Type: a.DataType, Value: value}
	}
	return e, e.sign(t.server.certs.signingKey)
}

// confirmation builds and signs a message that carries a token.
func (t *topics) confirmation(tp *topic, sub *subscription, kind string) (outgoing, error) {
	text := "You have chosen to subscribe to the topic " + tp.arn +
		".\nTo confirm the subscription, visit the SubscribeURL included in this message."
	if kind == kindUnsubscribe {
		text = "You have chosen to deactivate subscription " + sub.arn +
			".\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message."
	}
	query := url.Values{"Action": {"ConfirmSubscription"}, "TopicArn": {tp.arn}, "Token": {sub.token}}
	e := &envelope{
		Type: kind, MessageID: newID(), Token: sub.token, TopicArn: tp.arn, Message: text,
		SubscribeURL: "https://" + snsHost(t.server.opts.Region) + "/?" + query.Encode(),
		Timestamp:    millis(t.server.clock.now()), SignatureVersion: tp.signatureVersion(),
		SigningCertURL: t.server.SigningCertURL(),
	}
	if err := e.sign(t.server.certs.signingKey); err != nil {
		return outgoing{}, err
	}
	return outgoing{kind: kind, id: e.MessageID, body: e.encode()}, nil
}

// to returns the message as one subscription gets it: wrapped, with its own unsigned UnsubscribeURL, or raw.
func (e *envelope) to(sub *subscription, n notice) outgoing {
	m := outgoing{kind: e.Type, id: e.MessageID}
	if sub.raw {
		m.body = []byte(n.message)
		return m
	}
	own := *e
	host, _, _ := strings.Cut(strings.TrimPrefix(e.SigningCertURL, "https://"), "/")
	query := url.Values{"Action": {"Unsubscribe"}, "SubscriptionArn": {sub.arn}}
	own.UnsubscribeURL = "https://" + host + "/?" + query.Encode()
	m.body = own.encode()
	return m
}

func (e *envelope) encode() []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(e) // strings only: it cannot fail
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n"))
}

// sign fills Signature with RSA PKCS #1 v1.5 over the fields that SNS signs.
func (e *envelope) sign(key *rsa.PrivateKey) error {
	text := []byte(e.signedText())
	hash, digest := crypto.SHA256, []byte(nil)
	if e.SignatureVersion == "1" {
		sum := sha1.Sum(text) //nolint:gosec // G401: version 1 of the signature of SNS is SHA-1
		hash, digest = crypto.SHA1, sum[:]
	} else {
		sum := sha256.Sum256(text)
		digest = sum[:]
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, hash, digest)
	if err != nil {
		return fmt.Errorf("signing message: %w", err)
	}
	e.Signature = base64.StdEncoding.EncodeToString(signature)
	return nil
}

// signedText returns name and value of each signed field, a line each, sorted by name. A Subject counts only if present.
func (e *envelope) signedText() string {
	var b strings.Builder
	line := func(name, value string) { b.WriteString(name + "\n" + value + "\n") }
	line("Message", e.Message)
	line("MessageId", e.MessageID)
	if e.Type == kindNotification {
		if e.Subject != "" {
			line("Subject", e.Subject)
		}
		line("Timestamp", e.Timestamp)
	} else {
		line("SubscribeURL", e.SubscribeURL)
		line("Timestamp", e.Timestamp)
		line("Token", e.Token)
	}
	line("TopicArn", e.TopicArn)
	line("Type", e.Type)
	return b.String()
}
