package awslocal

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
)

// APIError is an error as an AWS service answers it. The clients of the SDK decode it into their typed errors.
type APIError struct {
	// Status is the HTTP status: 400 for most errors of the caller, 500 and above for those of the service.
	Status int
	// Code is the name of the error shape, such as QueueDoesNotExist or ThrottlingException.
	Code string
	// QueryCode is the older name that SQS sends in x-amzn-query-error. Empty: the same as Code.
	QueryCode string
	// Message is for people.
	Message string
}

// Error returns code and message.
func (e *APIError) Error() string { return e.Code + ": " + e.Message }

// sender reports whether the caller is to blame.
func (e *APIError) sender() bool { return e.Status < http.StatusInternalServerError }

// queryCode returns the name that the query protocol uses.
func (e *APIError) queryCode() string {
	if e.QueryCode != "" {
		return e.QueryCode
	}
	return e.Code
}

// fault returns Sender or Receiver.
func (e *APIError) fault() string {
	if e.sender() {
		return "Sender"
	}
	return "Receiver"
}

// badRequest builds an error of the caller.
func badRequest(code, message string) *APIError {
	return &APIError{Status: http.StatusBadRequest, Code: code, Message: message}
}

// simpleQueueError builds an SQS error whose older name is AWS.SimpleQueueService.<old>.
func simpleQueueError(code, old, message string) *APIError {
	return &APIError{
		Status: http.StatusBadRequest, Code: code, QueryCode: "AWS.SimpleQueueService." + old, Message: message,
	}
}

// invalidValue is what SQS answers for a parameter out of range.
func invalidValue(message string) *APIError {
	return &APIError{
		Status: http.StatusBadRequest, Code: "InvalidParameterValueException", QueryCode: "InvalidParameterValue",
		Message: message,
	}
}

// asAPIError returns err as an APIError; anything else is an internal error of the service.
func asAPIError(err error) *APIError {
	if ae, ok := errors.AsType[*APIError](err); ok {
		return ae
	}
	return &APIError{Status: http.StatusInternalServerError, Code: "InternalFailure", Message: err.Error()}
}

// writeJSONError answers in the JSON protocols.
func writeJSONError(w http.ResponseWriter, err *APIError) {
	w.Header().Set("X-Amzn-Query-Error", err.queryCode()+";"+err.fault())
	w.WriteHeader(err.Status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": err.Code, "message": err.Message})
}

// xmlError is the body of an error in the query protocol.
type xmlError struct {
	XMLName   xml.Name `xml:"http://sns.amazonaws.com/doc/2010-03-31/ ErrorResponse"`
	Type      string   `xml:"Error>Type"`
	Code      string   `xml:"Error>Code"`
	Message   string   `xml:"Error>Message"`
	RequestID string   `xml:"RequestId"`
}

// writeXMLError answers in the query protocol.
func writeXMLError(w http.ResponseWriter, err *APIError, requestID string) {
	w.WriteHeader(err.Status)
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(xmlError{
		Type: err.fault(), Code: err.queryCode(), Message: err.Message, RequestID: requestID,
	})
}
