//go:build integration

package connectortest

const (
	defaultFaultEvents   = 10_000
	defaultFaultMeetings = 500
)
