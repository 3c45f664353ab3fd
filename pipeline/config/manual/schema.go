package manual

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// The forms that texts have. They are those that the decoder takes, and no more exact than it is.
const (
	// referenceForm is a text with a reference in it, which may stand for a value of any kind.
	referenceForm = `\$\{(env:[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?|file:[^}]+)\}`
	durationForm  = `^\s*[+]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)\s*$`
	sizeForm      = `^\s*(\d+\.?\d*|\.\d+)([eE][+]?\d+)?\s*([kKmMgGtT][iI]?)?[bB]?\s*$`
	idForm        = `^[a-z][a-z0-9_-]{0,31}$`
	timeForm      = `^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d([.,]\d+)?([Zz]|[+-]\d\d:\d\d)$`
)

// object is a JSON object whose members stay in their order, which is that in which an editor offers them.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// marshal leaves < and > as they are: nobody puts a schema into a web page.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// Schema returns a JSON schema (draft 7) of a configuration file. What it refuses a router refuses, too, and what a router calls
// an unknown key, a wrong type or none of the possible words, the schema refuses. What is impossible only in combination, and
// what the environment adds, is left to "carillon check".
func (m *Manual) Schema() ([]byte, error) {
	definitions := object{{"reference", object{{"type", "string"}, {"pattern", referenceForm}}}}
	properties := object{}
	for _, s := range m.Sections {
		properties = append(properties, member{s.Name, sectionSchema(s.Keys, plainDoc(s.Doc))})
	}
	for _, list := range []struct {
		name, one string
		shared    Group
		kinds     []Group
	}{{"sources", "source", m.Source, m.Sources}, {"sinks", "sink", m.Sink, m.Sinks}} {
		properties = append(properties, member{list.name, entriesSchema(list.name, list.one)})
		definitions = append(definitions, member{list.one, choiceSchema(list.one, list.kinds)})
		for _, g := range list.kinds {
			definitions = append(definitions, member{list.one + "." + g.Name, componentSchema(g, list.shared)})
		}
	}
	text, err := marshal(object{
		{"$schema", "http://json-schema.org/draft-07/schema#"},
		{"title", "Carillon configuration"},
		{"$comment", "Generated from the structs of the configuration: go test ./connectors -run TestManual -update"},
		{"type", "object"},
		{"additionalProperties", false},
		{"properties", properties},
		{"definitions", definitions},
	})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return nil, err
	}
	return append(out.Bytes(), '\n'), nil
}

// entriesSchema is that of sources or sinks: ids, with a component each.
func entriesSchema(name, one string) object {
	doc := "Where notifications come from, by a name of yours: a lower-case letter, then up to 31 of a-z, 0-9, _ and -."
	if name == "sinks" {
		doc = "Where events go, by a name of yours: a lower-case letter, then up to 31 of a-z, 0-9, _ and -."
	}
	return object{
		{"description", doc},
		{"type", []string{"object", "null"}},
		{"additionalProperties", false},
		{"patternProperties", object{{idForm, ref(one)}}},
	}
}

// choiceSchema says which keys a component has once its type is known. A type that is a reference is known only to the router.
func choiceSchema(one string, kinds []Group) object {
	names := make([]string, len(kinds))
	rules := make([]object, len(kinds))
	for i, g := range kinds {
		names[i] = g.Name
		rules[i] = object{
			{"if", object{{"properties", object{{"type", object{{"const", g.Name}}}}}, {"required", []string{"type"}}}},
			{"then", ref(one + "." + g.Name)},
		}
	}
	return object{
		{"type", "object"},
		{"required", []string{"type"}},
		{"properties", object{{"type", object{
			{"description", "What kind of " + one + " this is."},
			{"anyOf", []object{{{"enum", names}}, ref("reference")}},
		}}}},
		{"allOf", rules},
	}
}

func componentSchema(g, shared Group) object {
	keys := append(slices.Clone(g.Keys), shared.Keys...)
	out := sectionSchema(keys, "")
	for i, m := range out {
		if properties, ok := m.value.(object); ok && m.name == "properties" {
			out[i].value = append(object{{"type", true}}, properties...)
		}
	}
	return out
}

func ref(name string) object { return object{{"$ref", "#/definitions/" + name}} }

// sectionSchema is that of a mapping with keys. All of them may be left out: the environment can add what is missing.
func sectionSchema(keys []Key, doc string) object {
	properties := object{}
	for i := range keys {
		properties = append(properties, member{keys[i].Name, keys[i].schema()})
	}
	out := object{{"type", []string{"object", "null"}}, {"additionalProperties", false}, {"properties", properties}}
	if doc != "" {
		out = append(object{{"description", doc}}, out...)
	}
	return out
}

// schema describes one key.
func (k *Key) schema() object {
	doc := plainDoc(k.Doc)
	switch k.Kind { //nolint:exhaustive // the others are scalars
	case Section:
		return sectionSchema(k.Keys, doc)
	case List:
		return k.withDefault(object{{"description", doc}, {"type", "array"}, {"items", k.Item.scalar()}})
	case Map:
		return k.withDefault(object{{"description", doc}, {"type", []string{"object", "null"}}, {"additionalProperties", k.Item.scalar()}})
	}
	return k.withDefault(append(object{{"description", doc}}, k.scalar()...))
}

func (k *Key) withDefault(o object) object {
	if k.Default == nil || k.Default == "" {
		return o
	}
	if list, ok := k.Default.([]any); ok && len(list) == 0 {
		return o
	}
	if names, ok := k.Default.(map[string]any); ok && len(names) == 0 {
		return o
	}
	return append(o, member{"default", k.Default})
}

// scalar describes a value that is neither a list nor a mapping.
func (k *Key) scalar() object {
	either := func(forms ...object) object { return object{{"anyOf", append(forms, ref("reference"))}} }
	switch k.Kind { //nolint:exhaustive // lists and mappings are not asked for
	case Bool:
		return either(object{{"type", "boolean"}})
	case Int, Float:
		return either(k.number())
	case Duration:
		return either(object{{"type", "string"}, {"pattern", durationForm}}, object{{"const", 0}})
	case Size:
		return either(object{{"type", "string"}, {"pattern", sizeForm}}, object{{"type", "integer"}, {"minimum", 0}})
	case Secret:
		return object{{"type", "string"}, {"minLength", 1}}
	}
	if len(k.Values) == 0 {
		return object{{"type", "string"}}
	}
	forms := []object{{{"enum", k.plainValues()}}}
	if k.Time {
		forms = append(forms, object{{"type", "string"}, {"pattern", timeForm}})
	}
	return either(forms...)
}

func (k *Key) number() object {
	if len(k.Values) > 0 {
		return object{{"enum", k.plainValues()}}
	}
	out := object{{"type", "integer"}}
	low, high := "minimum", "maximum"
	if k.Kind == Float {
		out = object{{"type", "number"}}
	}
	if k.Open {
		low, high = "exclusiveMinimum", "exclusiveMaximum"
	}
	if k.Low != nil && !k.Zero {
		out = append(out, member{low, k.Low})
	}
	if k.High != nil {
		out = append(out, member{high, k.High})
	}
	return out
}

func (k *Key) plainValues() []any {
	out := make([]any, len(k.Values))
	for i, v := range k.Values {
		out[i] = v.Value
	}
	return out
}

// plainDoc is a description as an editor shows it.
func plainDoc(doc string) string {
	return strings.NewReplacer("`", "", seeFormats, "", seeFilter, "").Replace(doc)
}
