package format

import (
	"bytes"
	"errors"
	"io"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"carillon/pipeline"
)

var (
	errNoEnvelope = errors.New("the body is no JSON object")
	errNoDetail   = errors.New("the body has no detail")
)

// envelope holds the members of the outermost object, as they stand in the body.
type envelope struct {
	version, detailType, source, account, time, region, resources, detail jsontext.Value
	// others are names and values in turn, in the order received.
	others []jsontext.Value
}

// appendEnvelope appends e as EventBridge would have sent it.
func appendEnvelope(dst []byte, e *pipeline.Event) ([]byte, error) {
	env, err := readEnvelope(e.Body)
	if err != nil {
		return nil, err
	}
	if env.detail == nil {
		return nil, errNoDetail
	}
	dst = appendMember(dst, `{"version":`, env.version, `"0"`)
	dst = e.ID.Append(append(dst, `,"id":"`...))
	dst = append(dst, '"')
	dst = appendMember(dst, `,"detail-type":`, env.detailType, "")
	dst = appendMember(dst, `,"source":`, env.source, `"aws.chime"`)
	dst = appendMember(dst, `,"account":`, env.account, "")
	dst = appendMember(dst, `,"time":`, env.time, timeOf(e))
	dst = appendMember(dst, `,"region":`, env.region, "")
	dst = appendMember(dst, `,"resources":`, env.resources, "[]")
	for i := 0; i < len(env.others); i += 2 {
		dst = append(append(dst, ','), env.others[i]...)
		dst = appendMember(dst, ":", env.others[i+1], "")
	}
	return append(appendMember(dst, `,"detail":`, env.detail, ""), '}'), nil
}

// appendMember appends value after prefix, or missing where there is no value, or nothing where there is neither.
func appendMember(dst []byte, prefix string, value jsontext.Value, missing string) []byte {
	switch {
	case value != nil:
		dst, _ = appendCompact(append(dst, prefix...), value) // it was read as JSON
	case missing != "":
		dst = append(append(dst, prefix...), missing...)
	}
	return dst
}

// timeOf returns when e happened as a member of an envelope, or when it arrived where that is not known.
func timeOf(e *pipeline.Event) string {
	for _, t := range []time.Time{e.Time, e.Received} {
		if t = t.UTC(); writable(t) {
			return t.Format(`"` + rfc3339Milli + `"`)
		}
	}
	return ""
}

// readEnvelope reads the outermost object. Of members with one name the last counts, as everywhere in the router.
func readEnvelope(body []byte) (envelope, error) {
	var env envelope
	// Half a surrogate pair in an escape is legal JSON, a byte that is no UTF-8 is not, and the decoder has one option for both.
	// From a bytes.Buffer it reads in place, so what it returns stays what it is.
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if !utf8.Valid(body) || dec.PeekKind() != jsontext.KindBeginObject {
		return env, errNoEnvelope
	}
	if _, err := dec.ReadToken(); err != nil {
		return env, errNoEnvelope
	}
	for dec.PeekKind() != jsontext.KindEndObject {
		name, err := dec.ReadValue()
		if err != nil {
			return env, errNoEnvelope
		}
		value, err := dec.ReadValue()
		if err != nil {
			return env, errNoEnvelope
		}
		env.set(name, value)
	}
	if _, err := dec.ReadToken(); err != nil {
		return env, errNoEnvelope
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return env, errNoEnvelope
	}
	return env, nil
}

func (env *envelope) set(name, value jsontext.Value) {
	plain, err := jsontext.AppendUnquote(nil, name)
	if err != nil {
		plain = nil // half a surrogate pair: a name that we do not know
	}
	switch string(plain) {
	case "version":
		env.version = value
	case "id":
	case "detail-type":
		env.detailType = value
	case "source":
		env.source = value
	case "account":
		env.account = value
	case "time":
		env.time = value
	case "region":
		env.region = value
	case "resources":
		env.resources = value
	case "detail":
		env.detail = value
	default:
		env.others = append(env.others, name, value)
	}
}
