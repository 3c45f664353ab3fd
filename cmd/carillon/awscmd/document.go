package awscmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

const policyVersion = "2012-10-17"

// Document is a policy of IAM: of a resource, of a role or of an identity. It marshals to the same bytes every time, and
// reads what AWS returns, where a list of one may be a bare string.
type Document struct {
	Version   string      `json:"Version"`
	ID        string      `json:"Id,omitempty"`
	Statement []Statement `json:"Statement"`
}

// Statement is one grant or denial.
type Statement struct {
	Sid          string     `json:"Sid,omitempty"`
	Effect       string     `json:"Effect"`
	Principal    *Principal `json:"Principal,omitempty"`
	NotPrincipal *Principal `json:"NotPrincipal,omitempty"`
	Action       texts      `json:"Action,omitempty"`
	NotAction    texts      `json:"NotAction,omitempty"`
	Resource     texts      `json:"Resource,omitempty"`
	NotResource  texts      `json:"NotResource,omitempty"`
	Condition    Condition  `json:"Condition,omitempty"`
}

// Condition maps an operator to keys to the values that satisfy it.
type Condition map[string]map[string]texts

// Principal is who a statement is about: kind (Service, AWS) to names. A bare "*" in JSON becomes AWS: "*".
type Principal map[string]texts

// UnmarshalJSON reads the object form and the bare "*".
func (p *Principal) UnmarshalJSON(raw []byte) error {
	if raw[0] != '"' {
		return json.Unmarshal(raw, (*map[string]texts)(p))
	}
	var who string
	if err := json.Unmarshal(raw, &who); err != nil {
		return err
	}
	*p = Principal{"AWS": texts{who}}
	return nil
}

// texts is a list that IAM also writes as a single value, which may be a number or a boolean.
type texts []string

// MarshalJSON writes a list of one as its element.
func (t texts) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

// UnmarshalJSON reads either form.
func (t *texts) UnmarshalJSON(raw []byte) error {
	var many []any
	if raw[0] != '[' {
		raw = append(append([]byte{'['}, raw...), ']')
	}
	if err := json.Unmarshal(raw, &many); err != nil {
		return err
	}
	*t = make(texts, len(many))
	for i, one := range many {
		switch one.(type) {
		case string, bool, float64:
			(*t)[i] = fmt.Sprint(one)
		default:
			return errors.New("is neither a text nor a list of texts")
		}
	}
	return nil
}

// parseDocument reads a policy as AWS returns it. Statement may be a single object there.
func parseDocument(text string) (Document, error) {
	var head struct {
		Statement json.RawMessage `json:"Statement"`
	}
	if err := json.Unmarshal([]byte(text), &head); err != nil {
		return Document{}, fmt.Errorf("reading policy: %w", err)
	}
	if bytes.HasPrefix(head.Statement, []byte("{")) {
		head.Statement = append(append([]byte{'['}, head.Statement...), ']')
	}
	var out Document
	if len(head.Statement) == 0 {
		return out, nil
	}
	if err := json.Unmarshal(head.Statement, &out.Statement); err != nil {
		return out, fmt.Errorf("reading policy: %w", err)
	}
	return out, nil
}

// JSON returns v with two spaces of indentation and a final newline; <, > and & stand as they are.
func JSON(v any) (string, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("writing JSON: %w", err)
	}
	return buf.String(), nil
}

// Compact returns v on one line, as the value of an attribute or of a flag.
func Compact(v any) (string, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", fmt.Errorf("writing JSON: %w", err)
	}
	return strings.TrimSpace(buf.String()), nil
}
