package awslocal

import (
	"crypto/md5" //nolint:gosec // G501: the SQS protocol checks bodies with MD5
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// messageAttribute is an attribute of an SQS message in its JSON form.
type messageAttribute struct {
	DataType    string `json:"DataType"`
	StringValue string `json:"StringValue,omitempty"`
	BinaryValue []byte `json:"BinaryValue,omitempty"`
}

type messageAttributes map[string]messageAttribute

// bodyMD5 returns the checksum SQS gives for a body.
func bodyMD5(body string) string {
	sum := md5.Sum([]byte(body)) //nolint:gosec // G401: the SQS protocol checks bodies with MD5
	return hex.EncodeToString(sum[:])
}

// md5 returns the checksum SQS gives for message attributes: name, type and value of each, sorted by name, every part with
// its length before it and the value with a byte that tells text (1) from binary (2). Empty without attributes.
func (as messageAttributes) md5() string {
	if len(as) == 0 {
		return ""
	}
	var buf []byte
	part := func(p []byte) {
		buf = binary.BigEndian.AppendUint32(buf, uint32(len(p))) //nolint:gosec // G115: bounded by the size of a request
		buf = append(buf, p...)
	}
	for _, name := range slices.Sorted(maps.Keys(as)) {
		a := as[name]
		part([]byte(name))
		part([]byte(a.DataType))
		if strings.HasPrefix(a.DataType, "Binary") {
			buf = append(buf, 2)
			part(a.BinaryValue)
			continue
		}
		buf = append(buf, 1)
		part([]byte(a.StringValue))
	}
	sum := md5.Sum(buf) //nolint:gosec // G401: the SQS protocol checks attributes with MD5
	return hex.EncodeToString(sum[:])
}

// size returns the bytes that count towards the limit of a message.
func (as messageAttributes) size() int {
	total := 0
	for name, a := range as {
		total += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return total
}

// checkBody refuses what SQS does not take as a body of at most limit bytes, attributes included.
func checkBody(body string, attributes messageAttributes, limit int) error {
	if body == "" {
		return missing("MessageBody")
	}
	if len(body)+attributes.size() > limit {
		return invalidValue("One or more parameters are invalid. Reason: Message must be shorter than " +
			strconv.Itoa(limit) + " bytes.")
	}
	if !utf8.ValidString(body) || strings.ContainsFunc(body, forbidden) {
		return badRequest("InvalidMessageContents", "The message contains characters outside the allowed set.")
	}
	return nil
}

// forbidden reports whether SQS refuses r in a body. Surrogates are no valid UTF-8 and never get here.
func forbidden(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return false
	case r < 0x20, r == 0xfffe, r == 0xffff:
		return true
	}
	return false
}

func missing(parameter string) error {
	return &APIError{
		Status: 400, Code: "MissingRequiredParameterException", QueryCode: "MissingParameter",
		Message: "The request must contain the parameter " + parameter + ".",
	}
}
