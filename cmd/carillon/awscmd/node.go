package awscmd

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// entry is one line of a mapping: keys keep the order in which they are written.
type entry struct {
	key     string
	value   *yaml.Node
	comment string
}

// kv makes an entry. value is a text (with ${ in it: a !Sub), a number, a boolean, a list, a node, or anything that marshals
// to JSON, such as a Document.
func kv(key string, value any) entry { return entry{key: key, value: node(value)} }

// about makes an entry with a comment above it.
func about(comment, key string, value any) entry {
	return entry{key: key, value: node(value), comment: comment}
}

func object(entries ...entry) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for _, e := range entries {
		key := scalar("!!str", e.key)
		key.HeadComment = e.comment
		out.Content = append(out.Content, key, e.value)
	}
	return out
}

// ref is the CloudFormation function Ref, arnOf is GetAtt of the ARN.
func ref(name string) *yaml.Node   { return scalar("!Ref", name) }
func arnOf(name string) *yaml.Node { return scalar("!GetAtt", name+".Arn") }

func list(values ...any) *yaml.Node {
	out := &yaml.Node{Kind: yaml.SequenceNode}
	for _, v := range values {
		out.Content = append(out.Content, node(v))
	}
	return out
}

func node(value any) *yaml.Node {
	switch v := value.(type) {
	case *yaml.Node:
		return v
	case string:
		return text(v)
	case int:
		return scalar("!!int", strconv.Itoa(v))
	case bool:
		return scalar("!!bool", strconv.FormatBool(v))
	case []string:
		out := &yaml.Node{Kind: yaml.SequenceNode}
		for _, s := range v {
			out.Content = append(out.Content, text(s))
		}
		return out
	}
	return fromJSON(value)
}

// text is a scalar that CloudFormation takes as a text: !Sub when it refers to something.
func text(s string) *yaml.Node {
	if strings.Contains(s, "${") {
		return scalar("!Sub", s)
	}
	return scalar("!!str", s)
}

func scalar(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

// fromJSON turns what marshals to JSON into nodes: JSON is YAML, and keeps the order of fields.
func fromJSON(value any) *yaml.Node {
	raw, err := json.Marshal(value)
	var doc yaml.Node
	if err == nil {
		err = yaml.Unmarshal(raw, &doc)
	}
	if err != nil {
		// Documents are made of texts and lists, which always marshal.
		panic(fmt.Sprintf("writing %T as YAML: %v", value, err))
	}
	plain(doc.Content[0])
	return doc.Content[0]
}

// plain drops the look of JSON and makes references of texts.
func plain(n *yaml.Node) {
	n.Style = 0
	if n.Kind == yaml.ScalarNode && strings.Contains(n.Value, "${") {
		n.Tag = "!Sub"
	}
	for _, child := range n.Content {
		plain(child)
	}
}
