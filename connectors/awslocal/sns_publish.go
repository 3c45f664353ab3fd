package awslocal

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxNoticeSize   = 256 << 10
	maxSubject      = 100
	maxPublishBatch = 10
)

// notice is one message as a publisher gives it.
type notice struct {
	subject, message string
	attributes       messageAttributes
}

type publishResult struct {
	MessageID string `xml:"MessageId"`
}

func (t *topics) publishForm(form url.Values) (any, error) {
	n, err := readNotice(form, "")
	if err != nil {
		return nil, err
	}
	id, err := t.publish(cmp.Or(form.Get("TopicArn"), form.Get("TargetArn")), n)
	return publishResult{MessageID: id}, err
}

// publishBatchResult is the answer to PublishBatch.
type publishBatchResult struct {
	Successful []publishOK     `xml:"Successful>member"`
	Failed     []publishFailed `xml:"Failed>member"`
}

type publishOK struct {
	ID        string `xml:"Id"`
	MessageID string `xml:"MessageId"`
}

type publishFailed struct {
	ID          string `xml:"Id"`
	Code        string `xml:"Code"`
	Message     string `xml:"Message"`
	SenderFault bool   `xml:"SenderFault"`
}

func (t *topics) publishBatch(form url.Values) (any, error) {
	var prefixes, ids []string
	for i := 1; ; i++ {
		prefix := "PublishBatchRequestEntries.member." + strconv.Itoa(i) + "."
		if !form.Has(prefix + "Id") {
			break
		}
		prefixes, ids = append(prefixes, prefix), append(ids, form.Get(prefix+"Id"))
	}
	if err := checkPublishBatch(ids); err != nil {
		return nil, err
	}
	var out publishBatchResult
	for i, prefix := range prefixes {
		n, err := readNotice(form, prefix)
		if fault := t.server.faults.entry("sns:PublishBatch", n.message); fault != nil {
			err = fault
		}
		id := ""
		if err == nil {
			id, err = t.publish(form.Get("TopicArn"), n)
		}
		if err != nil {
			ae := asAPIError(err)
			out.Failed = append(out.Failed, publishFailed{
				ID: ids[i], Code: ae.Code, Message: ae.Message, SenderFault: ae.sender(),
			})
			continue
		}
		out.Successful = append(out.Successful, publishOK{ID: ids[i], MessageID: id})
	}
	return out, nil
}

func checkPublishBatch(ids []string) error {
	switch {
	case len(ids) == 0:
		return badRequest("EmptyBatchRequest", "The batch request contains no entries.")
	case len(ids) > maxPublishBatch:
		return badRequest("TooManyEntriesInBatchRequest", "The batch request contains more than 10 entries.")
	case len(slices.Compact(slices.Sorted(slices.Values(ids)))) < len(ids):
		return badRequest("BatchEntryIdsNotDistinct", "Two or more batch entries have the same id.")
	}
	return nil
}

// readNotice reads one message from the keys of a form that begin with prefix.
func readNotice(form url.Values, prefix string) (notice, error) {
	n := notice{subject: form.Get(prefix + "Subject"), message: form.Get(prefix + "Message")}
	if form.Get(prefix+"MessageStructure") != "" {
		return n, invalidParameter("MessageStructure is not served here")
	}
	n.attributes = readMessageAttributes(form, prefix+"MessageAttributes.entry.")
	return n, n.check()
}

func readMessageAttributes(form url.Values, prefix string) messageAttributes {
	var out messageAttributes
	for i := 1; ; i++ {
		entry := prefix + strconv.Itoa(i) + "."
		if !form.Has(entry + "Name") {
			return out
		}
		binary, _ := base64.StdEncoding.DecodeString(form.Get(entry + "Value.BinaryValue"))
		if out == nil {
			out = messageAttributes{}
		}
		out[form.Get(entry+"Name")] = messageAttribute{
			DataType: form.Get(entry + "Value.DataType"), StringValue: form.Get(entry + "Value.StringValue"),
			BinaryValue: binary,
		}
	}
}

func (n *notice) check() error {
	switch {
	case n.message == "":
		return invalidParameter("Empty message")
	case len(n.message)+n.attributes.size() > maxNoticeSize:
		return invalidParameter("Message too long")
	case !utf8.ValidString(n.message):
		return invalidParameter("Message is not UTF-8")
	case len(n.subject) > maxSubject || strings.ContainsAny(n.subject, "\r\n"):
		return invalidParameter("Subject")
	}
	return nil
}

// publish sends n to every confirmed subscription of a topic and returns the id it got. It returns once the HTTP deliveries
// are queued: AWS, too, answers before it delivers.
func (t *topics) publish(arn string, n notice) (string, error) {
	subs, version, err := t.audience(arn)
	if err != nil {
		return "", err
	}
	posts := 0
	for _, sub := range subs {
		if sub.protocol != "sqs" {
			posts++
		}
	}
	id := newID()
	wrapped, err := t.notification(arn, id, version, n)
	if err != nil {
		return "", err
	}
	if !t.server.dispatcher.reserve(posts) {
		return "", throttled()
	}
	for _, sub := range subs {
		m := wrapped.to(sub, n)
		if sub.protocol != "sqs" {
			t.server.dispatcher.add(t.server.clock.now(), t.post(sub, m))
			continue
		}
		t.enqueue(sub, m, n)
	}
	return id, nil
}

// audience returns the confirmed subscriptions of a topic as they are now, and the version its messages are signed with.
func (t *topics) audience(arn string) ([]*subscription, string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tp, err := t.named(arn)
	if err != nil {
		return nil, "", err
	}
	var subs []*subscription
	for _, sub := range tp.subs {
		if sub.confirmed {
			frozen := *sub
			subs = append(subs, &frozen)
		}
	}
	return subs, tp.signatureVersion(), nil
}

// enqueue delivers to a queue. Only a raw delivery carries the message attributes on.
func (t *topics) enqueue(sub *subscription, m outgoing, n notice) {
	var attributes messageAttributes
	if sub.raw {
		attributes = n.attributes
	}
	if err := t.server.queues.deliver(sub.endpoint, string(m.body), attributes); err != nil {
		t.server.stats.sns.dropped.Add(1)
		return
	}
	t.server.stats.sns.delivered.Add(1)
}

func throttled() error {
	return &APIError{Status: http.StatusTooManyRequests, Code: "Throttled", Message: "Too many deliveries are pending."}
}
