package manual

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/config"
)

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
