//go:build !integration

package connectortest

const (
	defaultFaultEvents   = 1000
	defaultFaultMeetings = 50
)
