package awslocal

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"
)

const (
	maxVisibility     = 12 * time.Hour
	maxWait           = 20 * time.Second
	maxMessageSize    = 1 << 20
	maxReceiveBatch   = 10
	defaultVisibility = 30 * time.Second
	defaultRetention  = 4 * 24 * time.Hour
	purgeInterval     = time.Minute
)

// queueSettings are the attributes of a queue that can be set.
type queueSettings struct {
	visibility  time.Duration
	delay       time.Duration
	retention   time.Duration
	wait        time.Duration
	maximumSize int
	redrive     *redrive
	// raw holds every attribute as it was set.
	raw map[string]string
}

// redrive says after how many receives a message goes where.
type redrive struct {
	target      string
	maxReceives int
}

func defaultQueueSettings() queueSettings {
	return queueSettings{
		visibility: defaultVisibility, retention: defaultRetention, maximumSize: maxMessageSize, raw: map[string]string{},
	}
}

// with returns the settings after attributes were set; an unknown name or impossible value is an error.
func (s queueSettings) with(attributes map[string]string) (queueSettings, error) {
	s.raw = maps.Clone(s.raw)
	for name, value := range attributes {
		if err := s.set(name, value); err != nil {
			return s, err
		}
		s.raw[name] = value
	}
	return s, nil
}

func (s *queueSettings) set(name, value string) error {
	switch name {
	case "VisibilityTimeout":
		return seconds(&s.visibility, name, value, 0, maxVisibility)
	case "DelaySeconds":
		return seconds(&s.delay, name, value, 0, 15*time.Minute)
	case "MessageRetentionPeriod":
		return seconds(&s.retention, name, value, time.Minute, 14*24*time.Hour)
	case "ReceiveMessageWaitTimeSeconds":
		return seconds(&s.wait, name, value, 0, maxWait)
	case "MaximumMessageSize":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1024 || n > maxMessageSize {
			return invalidAttribute(name)
		}
		s.maximumSize = n
		return nil
	case "RedrivePolicy":
		return s.setRedrive(value)
	case "Policy", "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit",
		"KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled", "RedriveAllowPolicy":
		return nil
	}
	return badRequest("InvalidAttributeName", "Unknown Attribute "+name+".")
}

// setRedrive reads a policy; an empty one ends the redrive. AWS takes maxReceiveCount as a number or as a string.
func (s *queueSettings) setRedrive(value string) error {
	if value == "" {
		s.redrive = nil
		return nil
	}
	var policy struct {
		Target string          `json:"deadLetterTargetArn"`
		Max    json.RawMessage `json:"maxReceiveCount"`
	}
	if err := json.Unmarshal([]byte(value), &policy); err != nil {
		return invalidAttribute("RedrivePolicy")
	}
	n, err := strconv.Atoi(strings.Trim(string(policy.Max), `"`))
	if err != nil || n < 1 || n > 1000 || policy.Target == "" {
		return invalidAttribute("RedrivePolicy")
	}
	s.redrive = &redrive{target: policy.Target, maxReceives: n}
	return nil
}

// attributes returns everything GetQueueAttributes can answer about q.
func (q *queue) attributes(now, created, modified time.Time) map[string]string {
	visible, inFlight, delayed := q.counts(now)
	all := map[string]string{
		"QueueArn":                              q.arn,
		"ApproximateNumberOfMessages":           strconv.Itoa(visible),
		"ApproximateNumberOfMessagesNotVisible": strconv.Itoa(inFlight),
		"ApproximateNumberOfMessagesDelayed":    strconv.Itoa(delayed),
		"CreatedTimestamp":                      strconv.FormatInt(created.Unix(), 10),
		"LastModifiedTimestamp":                 strconv.FormatInt(modified.Unix(), 10),
		"VisibilityTimeout":                     inSeconds(q.settings.visibility),
		"DelaySeconds":                          inSeconds(q.settings.delay),
		"MessageRetentionPeriod":                inSeconds(q.settings.retention),
		"ReceiveMessageWaitTimeSeconds":         inSeconds(q.settings.wait),
		"MaximumMessageSize":                    strconv.Itoa(q.settings.maximumSize),
	}
	for name, value := range q.settings.raw {
		if _, known := all[name]; !known && value != "" {
			all[name] = value
		}
	}
	return all
}

func inSeconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

func seconds(to *time.Duration, name, value string, least, most time.Duration) error {
	n, err := strconv.ParseInt(value, 10, 32)
	d := time.Duration(n) * time.Second
	if err != nil || d < least || d > most {
		return invalidAttribute(name)
	}
	*to = d
	return nil
}

func invalidAttribute(name string) error {
	return badRequest("InvalidAttributeValue", "Invalid value for the parameter "+name+".")
}
