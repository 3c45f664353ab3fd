package sns

import (
	"strconv"
	"time"
)

// How SNS delivers again what met a status of 500 or more: every 5 s for a minute, then every minute for 59 minutes. 3,600 s
// in total is the most that SNS takes for HTTP endpoints; the default of an endpoint is 60 s.
const (
	quickRetries = 12
	quickDelay   = 5 * time.Second
	slowRetries  = 59
	slowDelay    = time.Minute
)

// DeliveryPolicy is the attribute DeliveryPolicy that a subscription to an HTTP endpoint of a router should have.
func DeliveryPolicy() string {
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }
	return `{"healthyRetryPolicy":{` +
		`"minDelayTarget":` + seconds(quickDelay) + `,"maxDelayTarget":` + seconds(slowDelay) +
		`,"numRetries":` + strconv.Itoa(quickRetries+slowRetries) + `,"numNoDelayRetries":0` +
		`,"numMinDelayRetries":` + strconv.Itoa(quickRetries) + `,"numMaxDelayRetries":` + strconv.Itoa(slowRetries) +
		`,"backoffFunction":"linear"}}`
}
