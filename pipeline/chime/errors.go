package chime

import "fmt"

// Reason says why a notification is unreadable. The set is closed, so it is fit to be a metric label.
type Reason string

// The reasons.
const (
	// ReasonEmpty: nothing there, or a batch without elements.
	ReasonEmpty Reason = "empty"
	// ReasonInvalidJSON: not one valid JSON value and nothing else.
	ReasonInvalidJSON Reason = "invalid_json"
	// ReasonNotAnObject: valid JSON, but a string, number, boolean or null where a notification should be.
	ReasonNotAnObject Reason = "not_an_object"
	// ReasonTooDeep: nested or wrapped deeper than the limits.
	ReasonTooDeep Reason = "too_deep"
	// ReasonTooMany: a batch of more elements than the limit.
	ReasonTooMany Reason = "too_many"
	// ReasonNoDetailType: an object that is neither an envelope nor a known wrapper.
	ReasonNoDetailType Reason = "no_detail_type"
	// ReasonNoDetail: an envelope whose detail is missing, no object, or empty where detail is all there is to go by.
	ReasonNoDetail Reason = "no_detail"
	// ReasonMissingField: a field without which the event has no identity is missing, empty or of the wrong type.
	ReasonMissingField Reason = "missing_field"
	// ReasonBadTimestamp: detail.timestamp is required and there, but neither a number nor RFC 3339.
	ReasonBadTimestamp Reason = "bad_timestamp"
)

// Reasons returns every Reason, in a new slice.
func Reasons() []Reason {
	return []Reason{
		ReasonEmpty, ReasonInvalidJSON, ReasonNotAnObject, ReasonTooDeep, ReasonTooMany,
		ReasonNoDetailType, ReasonNoDetail, ReasonMissingField, ReasonBadTimestamp,
	}
}

// Unreadable is the error of a notification that must be kept as it came, because it cannot be read.
type Unreadable struct { //nolint:errname // the name of a verdict, not of a failure of this program.
	// Reason is the class.
	Reason Reason
	// Detail tells a person where it is wrong and what to change. It holds key paths and positions, never values.
	Detail string
}

// Error names the reason and the detail.
func (e *Unreadable) Error() string {
	return fmt.Sprintf("unreadable notification (%s): %s", e.Reason, e.Detail)
}

// FilterReason says why a notification is known not to be wanted. The set is closed, so it is fit to be a metric label.
type FilterReason string

// The filter reasons.
const (
	// FilterCloudTrail: a record of an API call, which carries the same source as the events.
	FilterCloudTrail FilterReason = "cloudtrail"
	// FilterSIPMediaApplication: an invocation of a SIP media application that somebody forwards through the same topic.
	FilterSIPMediaApplication FilterReason = "sip_media_application"
	// FilterForeignSource: an envelope of another service or application.
	FilterForeignSource FilterReason = "foreign_source"
)

// FilterReasons returns every FilterReason, in a new slice.
func FilterReasons() []FilterReason {
	return []FilterReason{FilterCloudTrail, FilterSIPMediaApplication, FilterForeignSource}
}

// Filtered is the error of a notification that was understood and is not wanted.
type Filtered struct { //nolint:errname // the name of a verdict, not of a failure of this program.
	// Reason is the class.
	Reason FilterReason
}

// Error names the reason.
func (e *Filtered) Error() string { return "filtered notification: " + string(e.Reason) }
