package sequence

import (
	"bytes"
	"strings"

	"carillon/pipeline"
)

const (
	// servicePrefix begins the externalUserId of what AWS itself sends into a meeting; no customer may use it.
	servicePrefix = "aws:MediaPipeline-"
	// contentSuffix ends the attendeeId of a content share; the record has it without.
	contentSuffix = "#content"
)

// roleOf reads from the body of an event what its attendee is. EVENTS keeps the answer, so that it is asked once.
func roleOf(e *pipeline.Event) pipeline.Role {
	switch {
	case e.Attendee == "":
		return pipeline.RolePerson
	case isContent(e):
		return pipeline.RoleContent
	case bytes.Contains(e.Body, []byte(servicePrefix)):
		return pipeline.RoleService
	}
	return pipeline.RolePerson
}

// isContent reports whether an event that is not about content itself names the second attendee that a content share is.
func isContent(e *pipeline.Event) bool {
	return bytes.Contains(e.Body, []byte(contentSuffix)) && !strings.Contains(e.Kind, "Content") &&
		bytes.Contains(e.Body, []byte(e.Attendee+contentSuffix))
}
