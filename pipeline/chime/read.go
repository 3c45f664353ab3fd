package chime

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// maxWraps is how many wrappers may be around a notification. An SNS message in an SQS record in a Lambda batch has 3.
const maxWraps = 5

// adviceUnchanged is what to do about a body that some rule or mapping has rewritten.
const adviceUnchanged = "send the matched event unchanged, without an input transformer"

// Read appends to dst the notifications found in body, in their order, and returns it. At least one Item is appended. Of a
// batch each element has its own verdict: the Item of an unreadable element has the whole element as its Body. When the
// body as a whole cannot be read the one Item has Body = body. arrival is when the body reached this process: a clock that
// is more than a year ahead of it is not believed; the zero value believes every clock. Read keeps no reference to body
// beyond the Body of the items, which may share its memory, and never changes it.
func Read(dst []Item, body []byte, arrival time.Time) []Item {
	r, ok := readers.Get().(*reader)
	if !ok {
		r = new(reader)
	}
	r.arrival = arrival
	dst = r.read(dst, body, body)
	r.reset(nil) // let go of body.
	readers.Put(r)
	return dst
}

// readers saves the memory of a reader, five allocations of 1.6 KB, for the next body.
//
//nolint:gochecknoglobals // a free list: nothing that a reader remembers outlives reset.
var readers sync.Pool

// read appends what is in text. whole is what an unreadable item keeps: the innermost element of a batch around text, or
// else the body.
func (r *reader) read(dst []Item, text, whole []byte) []Item {
	if len(r.path) > maxWraps {
		return append(dst, r.unreadable(whole, &Unreadable{
			Reason: ReasonTooDeep, Detail: fmt.Sprintf("wrapped more than %d times", maxWraps),
		}))
	}
	if err := r.scan(text); err != nil {
		return append(dst, r.unreadable(whole, err))
	}
	if r.parts[partDetailType] != nil {
		return append(dst, r.item(text, whole))
	}
	if r.isBatch {
		return r.each(dst, whole)
	}
	if inner, name := r.unwrapped(); name != "" {
		r.path = append(r.path, step{name: name})
		dst = r.read(dst, inner, whole)
		r.path = r.path[:len(r.path)-1]
		return dst
	}
	return append(dst, r.stranger(text, whole))
}

// each appends what is in every element of the batch that was scanned last.
func (r *reader) each(dst []Item, whole []byte) []Item {
	elements, place := r.elements, step{isIndex: true}
	if len(r.text) > 0 && jsontext.Value(r.text).Kind() == jsontext.KindBeginObject {
		place.name = partNames[partRecords]
	}
	if len(elements) == 0 {
		return append(dst, r.unreadable(whole, &Unreadable{Reason: ReasonEmpty, Detail: "a batch without elements"}))
	}
	r.path = append(r.path, place)
	for i, element := range elements {
		r.path[len(r.path)-1].index = i
		if element.Kind() == jsontext.KindBeginArray {
			dst = append(dst, r.unreadable(element, notAnObject()))
			continue
		}
		dst = r.read(dst, element, element)
	}
	r.path = r.path[:len(r.path)-1]
	return dst
}

// unwrapped returns what the wrapper that was scanned last holds, and the name of the member it was in; "" is no wrapper.
func (r *reader) unwrapped() (inner []byte, name string) {
	message, sns, body := r.parts[partMessage], r.parts[partSns], r.parts[partBody]
	switch {
	case message.Kind() == jsontext.KindString && string(scalar(r.parts[partType])) == "Notification":
		return unquote(message), partNames[partMessage]
	case sns.Kind() == jsontext.KindBeginObject:
		return sns, partNames[partSns]
	case body.Kind() == jsontext.KindString:
		return unquote(body), partNames[partBody]
	case body.Kind() == jsontext.KindBeginObject:
		return body, partNames[partBody]
	}
	return nil, ""
}

// item is the verdict on the envelope that was scanned last.
func (r *reader) item(text, whole []byte) Item {
	record, err := r.record()
	switch err.(type) { //nolint:errorlint // record never wraps its verdicts.
	case nil:
		return Item{Record: record, Body: text}
	case *Filtered:
		return Item{Body: text, Err: err}
	default:
		return r.unreadable(whole, err)
	}
}

// stranger is the verdict on an object that is neither an envelope nor a wrapper.
func (r *reader) stranger(text, whole []byte) Item {
	if r.parts[partInvocation].Kind() == jsontext.KindString {
		return Item{Body: text, Err: &Filtered{Reason: FilterSIPMediaApplication}}
	}
	return r.unreadable(whole, &Unreadable{
		Reason: ReasonNoDetailType, Detail: "detail-type is missing: " + adviceUnchanged,
	})
}

// unreadable completes the detail of err with the place of the text within the body.
func (r *reader) unreadable(whole []byte, err error) Item {
	if u, ok := err.(*Unreadable); ok && len(r.path) > 0 { //nolint:errorlint // the reader never wraps its verdicts.
		err = &Unreadable{Reason: u.Reason, Detail: r.place() + ": " + u.Detail}
	}
	return Item{Body: whole, Err: err}
}

// step is one wrapper on the way from the body to a text.
type step struct {
	name    string
	isIndex bool
	index   int
}

// place spells the path: "Records[3].body.Message".
func (r *reader) place() string {
	var b strings.Builder
	for _, s := range r.path {
		if s.name != "" && b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(s.name)
		if s.isIndex {
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		}
	}
	return b.String()
}
