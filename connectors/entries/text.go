package entries

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"unicode/utf8"

	"carillon/connectors/format"
	"carillon/pipeline"
)

// maxGroup is how long the name of a message group may be.
const maxGroup = 128

var (
	errEmpty = errors.New("the body is empty")
	errText  = errors.New("the body has characters that a message may not have")
	errLarge = errors.New("the event is larger than a message may be")
)

// DataType is what the attributes of a message are: text.
const DataType = "String"

// Message is an event as SQS and SNS take it.
type Message struct {
	Body       string
	Attributes []format.Attribute
	// Size is what the message counts, its attributes with their names and data types included.
	Size int
}

// NewMessage returns an event as a message. An error is of class reject.
func NewMessage(f format.Format, e *pipeline.Event) (Message, error) {
	encoded, err := format.Encode(f, e)
	if err != nil {
		return Message{}, err
	}
	body, err := Text(encoded.Body)
	if err != nil {
		return Message{}, err
	}
	m := Message{Body: body, Attributes: encoded.Attributes, Size: len(body)}
	for _, a := range m.Attributes {
		m.Size += len(a.Name) + len(DataType) + len(a.Value)
	}
	return m, nil
}

// Text returns body as the text of a message of SQS or SNS. An error is of class reject.
func Text(body []byte) (string, error) {
	switch {
	case len(body) == 0:
		return "", pipeline.Reject(errEmpty)
	case !utf8.Valid(body) || strings.ContainsFunc(string(body), forbidden):
		return "", pipeline.Reject(errText)
	}
	return string(body), nil
}

// fit returns an error of class reject when an entry of that size is more than a call may have.
func fit(size int, limit Limit) error {
	if size > limit.Bytes {
		return pipeline.Reject(errLarge)
	}
	return nil
}

// forbidden reports whether r is none of #x9 #xA #xD #x20-#xD7FF #xE000-#xFFFD #x10000-#x10FFFF.
func forbidden(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
}

// Group returns the message group of a meeting: its key, in printable ASCII. Only a key that is too long for that is known by
// its hash.
func Group(key string) string {
	group := format.CloudEventHeader(key)
	if group == "" {
		return "none"
	}
	if len(group) > maxGroup {
		sum := sha256.Sum256([]byte(key))
		return hex.EncodeToString(sum[:])
	}
	return group
}
