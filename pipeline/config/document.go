package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"
)

const (
	// deepest is how many levels of lists and mappings are read; a real configuration has about five.
	deepest = 32
	// mostNodes bounds what aliases can multiply a small file into.
	mostNodes = 20_000
)

// document turns the nodes of one YAML text into plain values: map[string]any, []any, string, bool, int, int64, uint64,
// float64 and nil. It reports what is ambiguous or repeated and leaves that out.
type document struct {
	report *report
	// variable is the environment variable whose value is read; empty for the file.
	variable string
	nodes    int
	full     bool
}

// parse reads the file. It returns nil, with a problem reported, when the text is not one YAML mapping.
func parse(text []byte, r *report) map[string]any {
	if len(text) > longestFile {
		r.add("", "the file is larger than 1MiB")
		return nil
	}
	root, err := oneNode(text)
	var many *severalError
	switch {
	case errors.Is(err, io.EOF):
		r.add("", "the file is empty")
		return nil
	case errors.As(err, &many):
		r.addAt("", many.at, "", "a second document begins here; a configuration is one document")
		return nil
	case err != nil:
		at, message := explain(text, err)
		r.addAt("", at, "", message)
		return nil
	}
	d := document{report: r}
	switch value := d.value(root, "", 0).(type) {
	case map[string]any:
		return value
	case nil:
		if len(r.problems) == 0 {
			r.add("", "the file is empty")
		}
	default:
		r.addAt("", position{root.Line, root.Column}, "", "want a mapping of keys such as sources: and sinks:, got "+kind(value))
	}
	return nil
}

// severalError says where a second document begins.
type severalError struct{ at position }

// Error names what is wrong.
func (e *severalError) Error() string { return "a second document" }

// oneNode returns the root of the only document in text, io.EOF if there is none.
func oneNode(text []byte) (*yaml.Node, error) {
	var doc, next yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&doc); err != nil {
		return nil, err
	}
	switch err := dec.Decode(&next); {
	case err == nil:
		return nil, &severalError{at: position{next.Line, next.Column}}
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return doc.Content[0], nil
}

// value converts n, which stands at path below depth levels.
func (d *document) value(n *yaml.Node, path string, depth int) any {
	if d.nodes++; d.nodes > mostNodes || depth > deepest {
		if !d.full {
			d.full = true
			d.report.add(path, fmt.Sprintf("nested deeper than %d levels or, with aliases, larger than %d values", deepest, mostNodes))
		}
		return nil
	}
	if n.Style&yaml.TaggedStyle != 0 {
		d.report.add(path, "a tag such as !!int has no place in a configuration; remove it")
		return nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		return d.value(n.Alias, path, depth+1)
	case yaml.MappingNode:
		return d.mapping(n, path, depth)
	case yaml.SequenceNode:
		return d.sequence(n, path, depth)
	case yaml.ScalarNode:
		return d.scalar(n, path)
	case yaml.DocumentNode:
	}
	return nil
}

func (d *document) mapping(n *yaml.Node, path string, depth int) map[string]any {
	out := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content) && !d.full; i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := position{key.Line, key.Column}
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			d.report.addAt(path, at, d.variable, "want a plain key: lists, aliases and << cannot be keys here")
			continue
		}
		sub := join(path, key.Value)
		if _, ok := out[key.Value]; ok {
			first := d.report.origins[sub].key
			d.report.addAt(sub, at, d.variable, "repeated key; "+first.sentence())
			continue
		}
		d.place(sub, at, value)
		out[key.Value] = d.value(value, sub, depth+1)
	}
	return out
}

func (d *document) sequence(n *yaml.Node, path string, depth int) []any {
	out := make([]any, 0, len(n.Content))
	for i, value := range n.Content {
		if d.full {
			break
		}
		sub := item(path, i)
		d.place(sub, position{value.Line, value.Column}, value)
		out = append(out, d.value(value, sub, depth+1))
	}
	return out
}

// place records where path was set. A value that begins in a later line than its key is pointed at by its key.
func (d *document) place(path string, key position, value *yaml.Node) {
	o := origin{key: key, value: key, variable: d.variable, raw: value.Value}
	if value.Line == key.line {
		o.value = position{value.Line, value.Column}
	}
	d.report.origins[path] = o
}

func (d *document) scalar(n *yaml.Node, path string) any {
	if n.ShortTag() == "!!timestamp" {
		return n.Value
	}
	var out any
	if err := n.Decode(&out); err != nil {
		d.report.add(path, "this value cannot be read; put it in quotes")
		return nil
	}
	return out
}

// sentence says where the first of two equal keys stands.
func (p position) sentence() string {
	if p.line == 0 {
		return "it stands here twice"
	}
	return fmt.Sprintf("the first is in line %d", p.line)
}
