package sns

import "net/http"

// reason says why a message is refused for good. The set is closed: it is a label of a metric.
type reason string

const (
	wrongMethod reason = "method"       // not POST
	badPassword reason = "credentials"  // a wrong user name or password
	tooLarge    reason = "too_large"    // more than 2 MiB
	rawDelivery reason = "raw_delivery" // no wrapper, and so no signature
	malformed   reason = "malformed"    // not one JSON object, a repeated name, a field of the wrong kind
	unknownType reason = "unknown_type" // a Type that SNS does not have
	missing     reason = "missing_field"

	foreignTopic reason = "foreign_topic" // not in topic_arns

	urlMalformed reason = "cert_url_malformed"
	urlScheme    reason = "cert_url_scheme" // not https
	urlUserinfo  reason = "cert_url_userinfo"
	urlHost      reason = "cert_url_host" // not the SNS host of the topic's region
	urlPort      reason = "cert_url_port"
	urlPath      reason = "cert_url_path"  // not a certificate file of SNS
	urlQuery     reason = "cert_url_query" // a query or a fragment

	certRedirect  reason = "cert_redirect" // the host sent us elsewhere
	certTooLarge  reason = "cert_too_large"
	certMalformed reason = "cert_malformed" // not a PEM certificate
	certKey       reason = "cert_key"       // not RSA, or shorter than 2048 bits
	certName      reason = "cert_name"      // not SNS of that region
	certChain     reason = "cert_chain"     // an authority, or beside others that did not issue it
	certExpired   reason = "cert_expired"   // not in force by this clock

	signatureVersion reason = "signature_version" // unknown, or lower than required
	signatureForm    reason = "signature_form"    // not base64
	signatureWrong   reason = "signature"

	badTimestamp reason = "bad_timestamp"
	tooOld       reason = "too_old"
	inFuture     reason = "in_future"
)

func reasons() []reason {
	return []reason{
		wrongMethod, badPassword, tooLarge, rawDelivery, malformed, unknownType, missing, foreignTopic,
		urlMalformed, urlScheme, urlUserinfo, urlHost, urlPort, urlPath, urlQuery,
		certRedirect, certTooLarge, certMalformed, certKey, certName, certChain, certExpired,
		signatureVersion, signatureForm, signatureWrong, badTimestamp, tooOld, inFuture,
	}
}

// status is what the sender is told. All of them make SNS give the message up.
func (r reason) status() int {
	//nolint:exhaustive // every other reason is about who sent it
	switch r {
	case wrongMethod:
		return http.StatusMethodNotAllowed
	case badPassword:
		return http.StatusUnauthorized
	case tooLarge:
		return http.StatusRequestEntityTooLarge
	case malformed, unknownType, missing, badTimestamp:
		return http.StatusBadRequest
	}
	return http.StatusForbidden
}

// refusal is the error of a message that can never be taken. Its text holds nothing of the message.
type refusal struct{ reason reason }

// Error names the reason.
func (e *refusal) Error() string { return "refused: " + string(e.reason) }

func refuse(r reason) error { return &refusal{reason: r} }
