package awslocal

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

const snsNamespace = "http://sns.amazonaws.com/doc/2010-03-31/"

// action returns the function that answers an action of the query protocol, nil when there is none.
func (t *topics) action(name string) func(url.Values) (any, error) {
	switch name {
	case "CreateTopic":
		return t.create
	case "DeleteTopic":
		return t.remove
	case "GetTopicAttributes":
		return t.attributes
	case "SetTopicAttributes":
		return t.setAttributes
	case "Subscribe":
		return t.subscribe
	case "ConfirmSubscription":
		return t.confirm
	case "Unsubscribe":
		return t.unsubscribe
	case "ListSubscriptions":
		return t.listEverySubscription
	case "GetCallerIdentity":
		return t.callerIdentity
	case "ListSubscriptionsByTopic":
		return t.listSubscriptions
	case "GetSubscriptionAttributes":
		return t.subscriptionAttributes
	case "SetSubscriptionAttributes":
		return t.setSubscriptionAttributes
	case "Publish":
		return t.publishForm
	case "PublishBatch":
		return t.publishBatch
	}
	return nil
}

// ServeHTTP implements http.Handler: a form by POST, or a query by GET as in the URLs of messages.
func (t *topics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := newID()
	w.Header().Set("Content-Type", "text/xml")
	w.Header().Set("X-Amzn-Requestid", requestID)
	out, err := t.answer(w, r)
	if err != nil {
		writeXMLError(w, asAPIError(err), requestID)
		return
	}
	writeXML(w, r.Form.Get("Action"), out, requestID)
}

func (t *topics) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	if err := r.ParseForm(); err != nil {
		return nil, badRequest("MalformedQueryString", "The request is no form.")
	}
	name := r.Form.Get("Action")
	f := t.action(name)
	if f == nil {
		return nil, badRequest("InvalidAction", "The action "+strconv.Quote(name)+" is not served here.")
	}
	service := "sns:"
	if name == "GetCallerIdentity" {
		service = "sts:"
	}
	if err := t.server.faults.call(r.Context(), service+name); err != nil {
		return nil, err
	}
	return f(r.Form)
}

// writeXML answers <ActionResponse><ActionResult>out</ActionResult>...</ActionResponse>.
func writeXML(w io.Writer, action string, out any, requestID string) {
	response := xml.StartElement{
		Name: xml.Name{Local: action + "Response"}, Attr: []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: snsNamespace}},
	}
	enc := xml.NewEncoder(w)
	_ = enc.EncodeToken(response)
	_ = enc.EncodeElement(out, xml.StartElement{Name: xml.Name{Local: action + "Result"}})
	_ = enc.EncodeElement(struct {
		ID string `xml:"RequestId"`
	}{requestID}, xml.StartElement{Name: xml.Name{Local: "ResponseMetadata"}})
	_ = enc.EncodeToken(response.End())
	_ = enc.Close()
}

// formMap reads prefix.entry.N.key and prefix.entry.N.value from a form.
func formMap(form url.Values, prefix, key, value string) map[string]string {
	out := make(map[string]string)
	for i := 1; ; i++ {
		entry := prefix + ".entry." + strconv.Itoa(i) + "."
		if !form.Has(entry + key) {
			return out
		}
		out[form.Get(entry+key)] = form.Get(entry + value)
	}
}
