package chime

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	sourceChime          = "aws.chime"
	detailTypeCloudTrail = "AWS API Call via CloudTrail"
)

// record makes a Record of the envelope that was scanned last. The error is a *Filtered or an *Unreadable without a path.
func (r *reader) record() (Record, error) {
	if r.parts[partDetailType].Kind() != jsontext.KindString {
		return Record{}, &Unreadable{Reason: ReasonNoDetailType, Detail: "detail-type is not a string: " + adviceUnchanged}
	}
	e := event{reader: r, detailType: unquote(r.parts[partDetailType])}
	if err := e.wanted(); err != nil {
		return Record{}, err
	}
	e.family = familyOf(e.detailType)
	if err := e.complete(); err != nil {
		return Record{}, err
	}
	id := e.identity()
	return Record{
		ID:       id,
		Loose:    e.loose(id),
		Key:      e.key(),
		Kind:     e.kind(),
		Attendee: e.attendee(),
		Time:     e.time(),
	}, nil
}

// event is an envelope whose family is known.
type event struct {
	*reader
	detailType []byte
	family     *family
}

// wanted returns a *Filtered for what comes from elsewhere, and an *Unreadable when there is no event to look at.
func (e event) wanted() error {
	if string(e.detailType) == detailTypeCloudTrail {
		return &Filtered{Reason: FilterCloudTrail}
	}
	if source := text(e.parts[partSource]); len(source) > 0 && string(source) != sourceChime {
		return &Filtered{Reason: FilterForeignSource}
	}
	if len(bytes.TrimSpace(e.detailType)) == 0 {
		return &Unreadable{Reason: ReasonNoDetailType, Detail: "detail-type is empty: " + adviceUnchanged}
	}
	if e.parts[partDetail] == nil {
		return &Unreadable{Reason: ReasonNoDetail, Detail: "detail is missing: " + adviceUnchanged}
	}
	if e.parts[partDetail].Kind() != jsontext.KindBeginObject {
		return &Unreadable{Reason: ReasonNoDetail, Detail: "detail is not an object: " + adviceUnchanged}
	}
	return nil
}

// complete returns an *Unreadable when the fields do not tell this event from others of its family.
func (e event) complete() error {
	for _, f := range e.family.required {
		if err := e.present(f); err != nil {
			return err
		}
	}
	if e.family == &meetingFamily && aboutAttendee(scalar(e.fields[fieldEventType])) {
		if err := e.present(fieldAttendeeID); err != nil {
			return err
		}
	}
	if err := e.anyOf(e.family.oneOf); err != nil {
		return err
	}
	return e.distinct()
}

// present returns an *Unreadable unless f is there and simple.
func (e event) present(f field) error {
	v := e.fields[f]
	path := "detail." + fieldNames[f]
	switch {
	case isContainer(v.Kind()):
		return &Unreadable{Reason: ReasonMissingField, Detail: path + " is an object or array, want a string: " + adviceUnchanged}
	case len(scalar(v)) == 0:
		return &Unreadable{Reason: ReasonMissingField, Detail: path + " is missing or empty: " + adviceUnchanged}
	case f != fieldTimestamp:
		return nil
	}
	if _, ok := moment(v); !ok {
		return &Unreadable{
			Reason: ReasonBadTimestamp,
			Detail: path + " is neither a number of milliseconds nor RFC 3339: " + adviceUnchanged,
		}
	}
	return nil
}

// anyOf returns an *Unreadable when all of choices are missing. No choices are always enough.
func (e event) anyOf(choices []field) error {
	var paths []string
	for _, f := range choices {
		if len(text(e.fields[f])) > 0 {
			return nil
		}
		paths = append(paths, "detail."+fieldNames[f])
	}
	if len(paths) == 0 {
		return nil
	}
	return &Unreadable{
		Reason: ReasonMissingField,
		Detail: "none of " + strings.Join(paths, ", ") + " is there: " + adviceUnchanged,
	}
}

// distinct returns an *Unreadable when the rule of the family has nothing to work on.
func (e event) distinct() error {
	switch e.rule() {
	case byDetail:
		for range children(e.parts[partDetail]) {
			return nil
		}
		return &Unreadable{Reason: ReasonNoDetail, Detail: "detail is empty: " + adviceUnchanged}
	case byEnvelope:
		if len(text(e.parts[partID])) == 0 && len(text(e.parts[partTime])) == 0 {
			return &Unreadable{Reason: ReasonMissingField, Detail: "id and time are both missing: " + adviceUnchanged}
		}
	case byFields, byGuess: // the required fields were enough; byGuess is resolved by rule.
	}
	return nil
}
