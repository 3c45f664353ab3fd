package awscmd

import (
	"encoding/json"
	"time"
)

// retryPolicy is how SNS repeats a delivery to an HTTPS endpoint: without delay, then at the least delay, then growing from the
// least to the most, then at the most. Delays are in seconds.
type retryPolicy struct {
	NumRetries         int    `json:"numRetries"`
	NumNoDelayRetries  int    `json:"numNoDelayRetries"`
	MinDelayTarget     int    `json:"minDelayTarget"`
	NumMinDelayRetries int    `json:"numMinDelayRetries"`
	MaxDelayTarget     int    `json:"maxDelayTarget"`
	NumMaxDelayRetries int    `json:"numMaxDelayRetries"`
	BackoffFunction    string `json:"backoffFunction"`
}

// longestRetry is what SNS allows at most.
const longestRetry = time.Hour

// total returns for how long a delivery is tried. The growing phase counts with the mean of its ends, as it is when the
// backoff is linear; with the other functions SNS takes somewhat less.
func (p retryPolicy) total() time.Duration {
	growing := max(0, p.NumRetries-p.NumNoDelayRetries-p.NumMinDelayRetries-p.NumMaxDelayRetries)
	seconds := float64(p.NumMinDelayRetries*p.MinDelayTarget+p.NumMaxDelayRetries*p.MaxDelayTarget) +
		float64(growing*(p.MinDelayTarget+p.MaxDelayTarget))/2
	return time.Duration(seconds * float64(time.Second))
}

// readRetryPolicy reads the attribute DeliveryPolicy or EffectiveDeliveryPolicy of a subscription. Empty means the default.
func readRetryPolicy(text string) (retryPolicy, error) {
	standard := retryPolicy{NumRetries: 3, MinDelayTarget: 20, MaxDelayTarget: 20, BackoffFunction: "linear"}
	if text == "" {
		return standard, nil
	}
	var in struct {
		Healthy *retryPolicy `json:"healthyRetryPolicy"`
		HTTP    struct {
			Default *retryPolicy `json:"defaultHealthyRetryPolicy"`
		} `json:"http"`
	}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return standard, err
	}
	switch {
	case in.Healthy != nil:
		return *in.Healthy, nil
	case in.HTTP.Default != nil:
		return *in.HTTP.Default, nil
	}
	return standard, nil
}
