package config

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"

	"carillon/pipeline"
	"carillon/pipeline/dedupe"
	"carillon/pipeline/deliver"
	"carillon/pipeline/journal"
	"carillon/pipeline/order"
	"carillon/pipeline/router"
	"carillon/pipeline/telemetry"
)

// typeKey is the key of a component that names its factory.
const typeKey = "type"

var idForm = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// section is a top-level key with a struct of its own.
type section struct {
	name   string
	target pipeline.Config
}

// sections sets the defaults and returns every section with the field it decodes into.
func (c *Config) sections() []section {
	c.NATS, c.Stream = journal.DefaultConnect(), journal.DefaultStream()
	c.HTTP, c.Admin = router.DefaultHTTP(), router.DefaultAdmin()
	c.Delivery, c.Shutdown = router.DefaultDelivery(), router.DefaultShutdown()
	c.Identity, c.Order, c.Log = dedupe.DefaultConfig(), order.DefaultConfig(), telemetry.DefaultLog()
	return []section{
		{"nats", &c.NATS},
		{"stream", &c.Stream},
		{"http", &c.HTTP},
		{"admin", &c.Admin},
		{"delivery", &c.Delivery},
		{"shutdown", &c.Shutdown},
		{"identity", &c.Identity},
		{"order", &c.Order},
		{"log", &c.Log},
	}
}

// kindOfComponent is one value that type: may have.
type kindOfComponent struct {
	name   string
	config func() pipeline.Config
}

// sources fills c.Sources and returns the merged section.
func (l *loader) sources(in any, factories []pipeline.SourceFactory, c *Config) (map[string]any, error) {
	kinds := make([]kindOfComponent, len(factories))
	for i, f := range factories {
		kinds[i] = kindOfComponent{f.Type, f.Config}
	}
	return l.components("sources", in, kinds, func(path, id, name string, user map[string]any, own pipeline.Config) (map[string]any, error) {
		shared := dedupe.DefaultSource()
		merged, err := l.part(path, user, []string{typeKey}, &shared, own)
		c.Sources = append(c.Sources, Source{ID: id, Type: name, Dedupe: shared, Config: own})
		return merged, err
	})
}

// sinks fills c.Sinks and returns the merged section.
func (l *loader) sinks(in any, factories []pipeline.SinkFactory, c *Config) (map[string]any, error) {
	kinds := make([]kindOfComponent, len(factories))
	for i, f := range factories {
		kinds[i] = kindOfComponent{f.Type, f.Config}
	}
	return l.components("sinks", in, kinds, func(path, id, name string, user map[string]any, own pipeline.Config) (map[string]any, error) {
		shared := deliver.DefaultConfig()
		merged, err := l.part(path, user, []string{typeKey}, &shared, own)
		c.Sinks = append(c.Sinks, Sink{ID: id, Type: name, Deliver: shared, Config: own})
		return merged, err
	})
}

// builder makes one component whose type is known.
type builder func(path, id, name string, user map[string]any, own pipeline.Config) (map[string]any, error)

// components goes through one of sources: and sinks: by id.
func (l *loader) components(section string, in any, kinds []kindOfComponent, build builder) (map[string]any, error) {
	merged := map[string]any{}
	entries, _ := l.mapping(section, in)
	for _, id := range slices.Sorted(maps.Keys(entries)) {
		path := join(section, id)
		if !idForm.MatchString(id) {
			l.addKey(path, `an id is a lower-case letter, then up to 31 of a-z, 0-9, "_" and "-"`)
			continue
		}
		user, ok := l.mapping(path, entries[id])
		if !ok {
			continue
		}
		kind, ok := l.kind(section, path, user, kinds)
		if !ok {
			continue
		}
		part, err := build(path, id, kind.name, user, kind.config())
		if err != nil {
			return nil, err
		}
		merged[id] = part
	}
	return merged, nil
}

// kind returns what type: names.
func (l *loader) kind(section, path string, user map[string]any, kinds []kindOfComponent) (kindOfComponent, bool) {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	at, allowed := join(path, typeKey), "the types of "+section+" are "+list(names)
	in, ok := user[typeKey]
	if !ok {
		l.addKey(path, "type: is missing; "+allowed)
		return kindOfComponent{}, false
	}
	var name string
	if !l.decode(at, in, reflect.ValueOf(&name).Elem()) {
		return kindOfComponent{}, false
	}
	if i := slices.Index(names, name); i >= 0 {
		return kinds[i], true
	}
	message, allowed := "unknown type", "; "+allowed
	if l.showable(at, in) {
		message += " " + quote(name, 40)
	}
	if meant := nearest(name, names); meant != "" {
		message += "; did you mean " + quote(meant, 40) + "?"
		allowed = " The" + strings.TrimPrefix(allowed, "; the")
	}
	l.add(at, message+allowed)
	return kindOfComponent{}, false
}

// part lays what the user set over the defaults that targets hold, decodes the result into all of them and validates
// them. Their keys are shared: each takes those it has. extra are keys that none of them needs to have.
func (l *loader) part(path string, in any, extra []string, targets ...pipeline.Config) (map[string]any, error) {
	l.hidden = nil
	user, ok := l.mapping(path, in)
	if !ok {
		return map[string]any{}, nil
	}
	layers := make([]map[string]any, 0, len(targets)+1)
	names := slices.Clone(extra)
	for _, target := range targets {
		v := reflect.ValueOf(target).Elem()
		layers = append(layers, encode(v))
		names = append(names, fieldNames(v.Type())...)
	}
	l.unknown(path, user, names)
	merged, err := overlay(append(layers, user)...)
	if err != nil {
		return nil, fmt.Errorf("merging %s: %w", path, err)
	}
	for _, target := range targets {
		l.fields(path, merged, reflect.ValueOf(target).Elem())
	}
	for _, target := range targets {
		l.validate(path, target)
	}
	return merged, nil
}

// overlay merges layers, later ones over earlier ones: mappings key by key, anything else as a whole. A key without a value
// leaves the mapping below it as it is.
func overlay(layers ...map[string]any) (map[string]any, error) {
	k := koanf.New(".")
	for _, layer := range layers {
		if err := k.Load(confmap.Provider(withoutBlanks(layer, k.Raw()), ""), nil); err != nil {
			return nil, err
		}
	}
	return k.Raw(), nil
}

// withoutBlanks copies layer without the keys that have no value where below has a mapping, such as a section of which
// every line is a comment.
func withoutBlanks(layer, below map[string]any) map[string]any {
	out := make(map[string]any, len(layer))
	for key, value := range layer {
		under, isMap := below[key].(map[string]any)
		over, both := value.(map[string]any)
		switch {
		case isMap && both:
			out[key] = withoutBlanks(over, under)
		case !isMap || value != nil:
			out[key] = value
		}
	}
	return out
}
