// Package telemetry holds what the router says about itself: how its log is written.
package telemetry
