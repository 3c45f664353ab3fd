package awslocal

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Endpoint returns the base URL of SQS, SNS and EventBridge: http://127.0.0.1:<port>.
func (s *Server) Endpoint() string { return s.endpoint }

// Region returns the region in ARNs and host names.
func (s *Server) Region() string { return s.opts.Region }

// Account returns the account in ARNs and URLs.
func (s *Server) Account() string { return s.opts.Account }

// QueueURL returns the URL that a queue of that name has, whether it exists or not.
func (s *Server) QueueURL(name string) string { return s.queues.url(name) }

// QueueARN returns the ARN that a queue of that name has, whether it exists or not.
func (s *Server) QueueARN(name string) string { return s.queues.arn(name) }

// TopicARN returns the ARN that a topic of that name has, whether it exists or not.
func (s *Server) TopicARN(name string) string { return s.topics.arn(name) }

// CertPool returns the throwaway CA that signed the certificates of this server. It must not be changed.
func (s *Server) CertPool() *x509.CertPool { return s.certs.pool }

// CAPEM returns the certificate of that CA as PEM, for processes that read their roots from a file.
func (s *Server) CAPEM() []byte { return slices.Clone(s.certs.caPEM) }

// CertTransport returns a transport that finds https://sns.<region>.amazonaws.com, and no other host, at this server: the
// signing certificate of messages and the SNS API itself. It is shared; Close closes its idle connections.
func (s *Server) CertTransport() *http.Transport { return s.cert }

// SigningCertURL returns the URL in signed messages. It has the form it has at AWS, so CertTransport is needed to fetch it.
func (s *Server) SigningCertURL() string { return "https://" + snsHost(s.opts.Region) + s.certs.path }

// Now returns the time of this server.
func (s *Server) Now() time.Time { return s.clock.now() }

// Advance moves the time of this server forward by d: messages become visible, retries due. Long polls end by the wall
// clock all the same. A negative d is 0.
func (s *Server) Advance(d time.Duration) { s.clock.advance(d) }

// Bodies returns the body of every message that a queue (URL, ARN or name) holds, visible or not, in the order in which they
// came. It fails when there is no such queue.
func (s *Server) Bodies(queue string) ([]string, error) {
	s.queues.mu.Lock()
	defer s.queues.mu.Unlock()
	q, err := s.queues.named(queue)
	if err != nil {
		return nil, fmt.Errorf("reading queue %q: %w", queue, err)
	}
	held := slices.SortedFunc(maps.Values(q.byID), func(a, b *message) int { return cmp.Compare(a.sequence, b.sequence) })
	out := make([]string, len(held))
	for i, m := range held {
		out[i] = m.body
	}
	return out, nil
}
