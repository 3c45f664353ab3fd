package manual

import (
	"cmp"
	"slices"

	"carillon/pipeline"
	"carillon/pipeline/config"
)

// Kind is what may be written as the value of a key.
type Kind string

// The kinds.
const (
	Text     Kind = "text"
	Secret   Kind = "secret"
	Bool     Kind = "true or false"
	Int      Kind = "whole number"
	Float    Kind = "number"
	Duration Kind = "duration"
	Size     Kind = "size"
	List     Kind = "list"
	Map      Kind = "mapping of names"
	Section  Kind = "mapping"
)

// Key describes one key.
type Key struct {
	// Name is the key itself, Path the way to it within its group: "max", "retry.max".
	Name, Path string
	// Kind is what may be written.
	Kind Kind
	// Doc is its description in one paragraph.
	Doc string
	// Default is what it has when it is left out, as a user would write it. nil: nothing.
	Default any
	// Required tells whether Validate misses it when it is left out.
	Required bool
	// Values are all that may be written; empty when there are more than can be counted.
	Values []Value
	// Time tells whether a time of RFC 3339 may be written beside Values.
	Time bool
	// Low and High bound a number, a duration or a size, as a user would write them. nil: unbounded.
	Low, High any
	// Open tells whether neither bound itself may be written.
	Open bool
	// Zero tells whether 0 may be written although it is outside the bounds.
	Zero bool
	// Item describes what a List or a Map holds.
	Item *Key
	// Keys are those of a Section.
	Keys []Key
}

// Value is one of those that a key may have.
type Value struct {
	// Value is text or a number.
	Value any
	// Doc says what it means; empty when nothing is known.
	Doc string
}

// Group is the keys of one struct that is a configuration by itself.
type Group struct {
	// Name is the key at the top level, or the type of a connector.
	Name string
	// Struct is the Go type.
	Struct string
	// Doc says what it is about; empty for connectors.
	Doc string
	// Keys are in the order of the struct.
	Keys []Key
}

// Manual is all there is to configure.
type Manual struct {
	// Sections are the keys at the top level, but for sources and sinks.
	Sections []Group
	// Source and Sink are what each source and each sink understands beside its own keys.
	Source, Sink Group
	// Sources and Sinks are by type, sorted by its name.
	Sources, Sinks []Group
}

// Read describes the configuration of a binary with these factories. root is the folder with the source of the module.
func Read(root string, factories pipeline.Factories) (*Manual, error) {
	w := walker{&comments{root: root, module: "carillon", packages: map[string]*source{}}}
	m := &Manual{}
	if _, err := w.comments.load("carillon/pipeline/config"); err != nil {
		return nil, err
	}
	for _, part := range config.Parts() {
		g, err := w.group(part.Name, part.Config)
		switch {
		case err != nil:
			return nil, err
		case part.Name == "sources":
			m.Source = g
		case part.Name == "sinks":
			m.Sink = g
		default:
			g.Doc = w.comments.packages["carillon/pipeline/config"].about(part.Name)
			m.Sections = append(m.Sections, g)
		}
	}
	for _, f := range factories.Sources {
		g, err := w.group(f.Type, f.Config)
		if err != nil {
			return nil, err
		}
		m.Sources = append(m.Sources, g)
	}
	for _, f := range factories.Sinks {
		g, err := w.group(f.Type, f.Config)
		if err != nil {
			return nil, err
		}
		m.Sinks = append(m.Sinks, g)
	}
	byName := func(a, b Group) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(m.Sources, byName)
	slices.SortFunc(m.Sinks, byName)
	return m, nil
}
