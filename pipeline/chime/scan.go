package chime

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxDepth is how many objects and arrays may be nested in one JSON text. Chime's own events need 4.
	maxDepth = 64
	// maxElementDepth is how deep an element may be for its neighbours to be read all the same; from maxDepth on the
	// element itself is unreadable.
	maxElementDepth = 1000
	// maxElements is how many elements a batch may have. SQS delivers at most 10,000 to a Lambda function.
	maxElements = 10_000
)

// reader reads one body. It holds what was found in the JSON text that was scanned last; the values alias that text.
type reader struct {
	arrival time.Time
	dec     jsontext.Decoder
	in      bytes.Buffer
	text    []byte

	parts    [partCount]jsontext.Value
	fields   [fieldCount]jsontext.Value
	isBatch  bool
	elements []jsontext.Value

	path []step // where the text sits in the body.
}

// scan reads text once, from its first byte to its last, and keeps the members that the tables name. The error is an
// *Unreadable without a path.
func (r *reader) scan(text []byte) error {
	r.reset(text)
	err := r.document()
	if err == nil {
		err = r.end()
	}
	if err == nil {
		return nil
	}
	if unreadable, ok := errors.AsType[*Unreadable](err); ok {
		return unreadable
	}
	return invalidJSON(err)
}

func (r *reader) reset(text []byte) {
	r.text = text
	r.in = *bytes.NewBuffer(text)
	r.dec.Reset(&r.in, jsontext.AllowDuplicateNames(true))
	clear(r.parts[:])
	clear(r.fields[:])
	r.isBatch, r.elements = false, nil
}

func (r *reader) document() error {
	kind := r.dec.PeekKind()
	if kind == jsontext.KindBeginArray {
		return r.batch()
	}
	if kind != jsontext.KindBeginObject {
		return r.loneScalar()
	}
	_, err := r.members(r.part)
	return err
}

// loneScalar explains a text that is no container: nothing at all, no JSON, or JSON of the wrong kind.
func (r *reader) loneScalar() error {
	_, err := r.dec.ReadValue()
	if errors.Is(err, io.EOF) {
		return &Unreadable{Reason: ReasonEmpty, Detail: "nothing to read"}
	}
	if err == nil {
		err = r.end()
	}
	if err != nil {
		return err
	}
	return notAnObject()
}

func notAnObject() *Unreadable {
	return &Unreadable{Reason: ReasonNotAnObject, Detail: "a notification is a JSON object: " + adviceUnchanged}
}

// end makes sure that nothing but white space follows the value.
func (r *reader) end() error {
	_, err := r.dec.ReadToken()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return err
	}
	return &Unreadable{Reason: ReasonInvalidJSON, Detail: "more than one JSON value: " + adviceUnchanged}
}

// members reads the object that comes next, calls read at each value with the unescaped name, and returns the object as
// it stands in the text.
func (r *reader) members(read func(name []byte) error) (jsontext.Value, error) {
	if _, err := r.dec.ReadToken(); err != nil {
		return nil, err
	}
	start := r.dec.InputOffset() - 1
	for r.dec.PeekKind() != jsontext.KindEndObject {
		name, err := r.dec.ReadValue()
		if err != nil {
			return nil, err
		}
		if err := read(unquote(name)); err != nil {
			return nil, err
		}
	}
	_, err := r.dec.ReadToken()
	return r.since(start), err
}

// since returns the text from start to where the decoder is.
func (r *reader) since(start int64) jsontext.Value {
	end := r.dec.InputOffset()
	return jsontext.Value(r.text[start:end:end])
}

// part reads a member of the outermost object. Of members with one name the last wins.
func (r *reader) part(name []byte) error {
	p, known := partByName[string(name)]
	kind := r.dec.PeekKind()
	switch {
	case known && p == partDetail && kind == jsontext.KindBeginObject:
		return r.detail()
	case known && p == partRecords && kind == jsontext.KindBeginArray:
		return r.batch()
	}
	v, err := r.value(maxDepth)
	if known {
		r.parts[p] = v
		r.isBatch = r.isBatch && p != partRecords
	}
	return err
}

func (r *reader) detail() error {
	clear(r.fields[:])
	raw, err := r.members(r.field)
	r.parts[partDetail] = raw
	return err
}

// field reads a member of detail. Of members with one name the last wins.
func (r *reader) field(name []byte) error {
	f, known := fieldByName[string(name)]
	v, err := r.value(maxDepth)
	if known {
		r.fields[f] = v
	}
	return err
}

// batch reads an array and keeps its elements apart, each to be read by itself.
func (r *reader) batch() error {
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	r.isBatch, r.elements = true, nil
	for r.dec.PeekKind() != jsontext.KindEndArray {
		if len(r.elements) == maxElements {
			return &Unreadable{Reason: ReasonTooMany, Detail: fmt.Sprintf("more than %d elements: send smaller batches", maxElements)}
		}
		v, err := r.value(maxElementDepth)
		if err != nil {
			return err
		}
		r.elements = append(r.elements, v)
	}
	_, err := r.dec.ReadToken()
	return err
}

// value reads whatever comes next and returns it as it stands in the text. Nothing may be nested deeper than limit.
func (r *reader) value(limit int) (jsontext.Value, error) {
	if isContainer(r.dec.PeekKind()) {
		return r.container(limit)
	}
	v, err := r.dec.ReadValue()
	return slices.Clip(v), err
}

func (r *reader) container(limit int) (jsontext.Value, error) {
	outside, start := r.dec.StackDepth(), int64(-1)
	for start < 0 || r.dec.StackDepth() > outside {
		if _, err := r.dec.ReadToken(); err != nil {
			return nil, err
		}
		if start < 0 {
			start = r.dec.InputOffset() - 1
		}
		if r.dec.StackDepth() > limit {
			return nil, &Unreadable{Reason: ReasonTooDeep, Detail: fmt.Sprintf("nested more than %d levels deep", limit)}
		}
	}
	return r.since(start), nil
}

// invalidJSON keeps the position and leaves out the text, which the error of the decoder may quote.
func invalidJSON(err error) *Unreadable {
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return &Unreadable{Reason: ReasonInvalidJSON, Detail: fmt.Sprintf("not valid JSON at byte %d: %s", syntactic.ByteOffset, adviceUnchanged)}
	}
	return &Unreadable{Reason: ReasonInvalidJSON, Detail: "not valid JSON, it ends too early: " + adviceUnchanged}
}
