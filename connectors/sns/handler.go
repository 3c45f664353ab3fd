package sns

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"carillon/connectors/receive"
	"carillon/pipeline"
)

// ServeHTTP handles one request of SNS.
func (s *source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.endpoint.Serve(w, r, s.handle, s.answer)
}

func (s *source) handle(w http.ResponseWriter, r *http.Request, out pipeline.Emitter) (outcome, error) {
	if r.Method != http.MethodPost {
		return refused, refuse(wrongMethod)
	}
	if how, err := s.admit(r); err != nil || how == challenged {
		return how, err
	}
	received := s.set.Clock()
	body, release, err := s.bodies.Read(w, r)
	defer release()
	if err != nil {
		return unreadable(err)
	}
	if strings.EqualFold(r.Header.Get("X-Amz-Sns-Rawdelivery"), "true") {
		return s.handleRaw(r, body, received, out)
	}
	msg, t, err := s.authenticate(r.Context(), body)
	if errors.Is(err, errUnavailable) {
		return certificateUnavailable, err
	}
	if err != nil {
		return refused, err
	}
	switch msg.kind {
	case typeSubscribe:
		return s.subscribe(r.Context(), msg, t)
	case typeUnsubscribe:
		s.logUnsubscribed(t)
		return unsubscribed, nil
	}
	if msg.foreign {
		body = msg.reduced()
	}
	return store(r.Context(), out, pipeline.Notification{Body: body, Received: received, Trace: msg.messageID})
}

// admit asks for the user name and password, where there are any, before the body is read. SNS sends them only after it
// was asked, so a request without them is not counted as refused.
func (s *source) admit(r *http.Request) (outcome, error) {
	switch {
	case s.basic == nil || s.basic.Matches(r):
		return "", nil
	case r.Header.Get("Authorization") == "":
		return challenged, nil
	default:
		return refused, refuse(badPassword)
	}
}

// handleRaw takes a body without a wrapper for the password that came with it. The topic is what a header says: it keeps
// out what somebody subscribed by mistake.
func (s *source) handleRaw(r *http.Request, body []byte, received time.Time, out pipeline.Emitter) (outcome, error) {
	if !s.cfg.Raw || s.basic == nil {
		return refused, refuse(rawDelivery)
	}
	if _, ours := s.topics[r.Header.Get("X-Amz-Sns-Topic-Arn")]; !ours {
		return refused, refuse(foreignTopic)
	}
	trace := receive.Printable(r.Header.Get("X-Amz-Sns-Message-Id"))
	return store(r.Context(), out, pipeline.Notification{Body: body, Received: received, Trace: trace})
}

func store(ctx context.Context, out pipeline.Emitter, n pipeline.Notification) (outcome, error) {
	// I1: the answer 200 comes only after the journal has it.
	if err := out.Emit(ctx, n); err != nil {
		return notStored, pipeline.FailedAt(err, 1)[0]
	}
	return stored, nil
}

func unreadable(err error) (outcome, error) {
	switch {
	case errors.Is(err, receive.ErrTooLarge):
		return refused, refuse(tooLarge)
	case errors.Is(err, receive.ErrBusy):
		return busy, err
	default:
		return cutOff, err
	}
}

// authenticate returns the wrapper in body and its topic when it is a message of SNS, of a topic of ours, of now. The error
// is a *refusal or wraps errUnavailable.
func (s *source) authenticate(ctx context.Context, body []byte) (*wrapper, topic, error) {
	msg, err := readWrapper(body)
	if err != nil {
		return nil, topic{}, err
	}
	t, ours := s.topics[msg.topicArn]
	if !ours {
		return nil, topic{}, refuse(foreignTopic)
	}
	if err := s.verify(ctx, msg, t); err != nil {
		return nil, topic{}, err
	}
	return msg, t, msg.checkAge(s.set.Clock(), s.cfg.MaxAge)
}

func (s *source) verify(ctx context.Context, msg *wrapper, t topic) error {
	if err := msg.checkVersion(s.cfg.RequireSignatureVersion); err != nil {
		return err
	}
	url, err := pin(msg.signingCertURL, t)
	if err != nil {
		return err
	}
	sig, err := msg.decodeSignature()
	if err != nil {
		return err
	}
	key, err := s.certs.key(ctx, url, certificateNames(t.region, t.suffix))
	if err != nil {
		return err
	}
	return msg.verify(key, sig)
}

// subscribe confirms a subscription. Whatever goes wrong, SNS asks again after a 503.
func (s *source) subscribe(ctx context.Context, msg *wrapper, t topic) (outcome, error) {
	if !s.cfg.Confirm {
		s.logUnconfirmed(t)
		return unconfirmed, nil
	}
	if err := s.confirmer.confirm(ctx, t, msg.token); err != nil {
		return notConfirmed, err
	}
	s.logConfirmed(t)
	return confirmed, nil
}

func (s *source) answer(w http.ResponseWriter, r *http.Request, how outcome, err error) {
	status := how.status()
	if because, ok := errors.AsType[*refusal](err); ok {
		status = because.reason.status()
		s.metrics.refusals.WithLabelValues(string(because.reason)).Inc()
	}
	switch status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", receive.ChallengeBasic)
	}
	receive.Answer(w, status)
	s.logRequest(r, how)
	s.logFailure(how, err)
}
