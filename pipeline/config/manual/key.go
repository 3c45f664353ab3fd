package manual

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"time"

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

// walker goes through structs.
type walker struct{ comments *comments }

func (w walker) group(name string, fresh func() pipeline.Config) (Group, error) {
	t := reflect.TypeOf(fresh()).Elem()
	keys, err := w.keys(newProbe(fresh, w.constants), reflect.ValueOf(fresh()).Elem(), nil, "")
	return Group{Name: name, Struct: t.String(), Keys: keys}, err
}

// keys describes the fields of v, which stands at path and index below what p asks.
func (w walker) keys(p *probe, v reflect.Value, index []int, path string) ([]Key, error) {
	var out []Key
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := config.Key(f)
		if name == "" {
			continue
		}
		k := Key{Name: name, Path: name}
		if path != "" {
			k.Path = path + "." + name
		}
		var err error
		if k.Doc, err = w.comments.field(v.Type(), f, name); err != nil {
			return nil, err
		}
		if err := w.fill(&k, p, v.Field(i), append(slices.Clone(index), i)); err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}

// fill describes the value of k.
func (w walker) fill(k *Key, p *probe, v reflect.Value, index []int) error {
	k.Default, _ = config.Plain(v)
	k.Required = p.misses(p.pathOf(k.Path))
	var err error
	if k.Kind, err = kindOf(v.Type()); err != nil {
		return fmt.Errorf("describing %s: %w", k.Path, err)
	}
	if err := k.agree(v); err != nil {
		return err
	}
	switch k.Kind {
	case Section:
		k.Default = nil
		if isConfig(v.Type()) { // what validates itself is asked by itself: the struct around it may not look at it
			k.Keys, err = w.keys(newProbe(copies(v), w.constants).below(k.Path), v, nil, k.Path)
			return err
		}
		k.Keys, err = w.keys(p, v, index, k.Path)
	case List, Map:
		item := Key{}
		item.Kind, err = kindOf(v.Type().Elem())
		k.Item = &item
	case Text:
		err = w.values(k, p, v.Type(), index)
	case Int, Float, Duration, Size:
		p.bound(k, index)
	case Bool, Secret:
	}
	return err
}

// isConfig tells whether a struct is a configuration by itself.
func isConfig(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[pipeline.Config]())
}

// copies returns what makes copies of a struct that is a configuration by itself.
func copies(v reflect.Value) func() pipeline.Config {
	return func() pipeline.Config {
		out := reflect.New(v.Type())
		out.Elem().Set(v)
		c, _ := reflect.TypeAssert[pipeline.Config](out)
		return c
	}
}

// constants returns the values of the constants of a type.
func (w walker) constants(t reflect.Type) []string {
	known, err := w.comments.enum(t)
	if err != nil {
		return nil // whoever describes the field reports it
	}
	var out []string
	for _, c := range known {
		out = append(out, c.value)
	}
	return out
}

// values finds out which constants of its type a text may have.
func (w walker) values(k *Key, p *probe, t reflect.Type, index []int) error {
	known, err := w.comments.enum(t)
	if err != nil || len(known) == 0 {
		return err
	}
	const nonsense = "no such value"
	if p.takes(index, k.Path, reflect.ValueOf(nonsense)) {
		return nil
	}
	for _, c := range known {
		if p.takes(index, k.Path, reflect.ValueOf(c.value)) {
			k.Values = append(k.Values, Value{c.value, c.doc})
		}
	}
	if p.takes(index, k.Path, reflect.ValueOf("")) {
		k.Values = append(k.Values, Value{Value: ""})
	}
	k.Time = p.takes(index, k.Path, reflect.ValueOf("2026-01-05T10:00:00Z"))
	return nil
}

func kindOf(t reflect.Type) (Kind, error) {
	switch t {
	case reflect.TypeFor[pipeline.Secret]():
		return Secret, nil
	case reflect.TypeFor[pipeline.Size]():
		return Size, nil
	case reflect.TypeFor[time.Duration]():
		return Duration, nil
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return Text, nil
	}
	switch t.Kind() { //nolint:exhaustive // the others cannot stand in a file
	case reflect.String:
		return Text, nil
	case reflect.Bool:
		return Bool, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return Int, nil
	case reflect.Float32, reflect.Float64:
		return Float, nil
	case reflect.Slice:
		return List, nil
	case reflect.Map:
		return Map, nil
	case reflect.Struct:
		return Section, nil
	}
	return "", fmt.Errorf("nothing is known of a field of type %s", t)
}
