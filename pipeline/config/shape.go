package config

import (
	"cmp"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"carillon/pipeline"
	"carillon/pipeline/dedupe"
	"carillon/pipeline/deliver"
)

// Part is a mapping of the configuration and the struct that it is decoded into.
type Part struct {
	// Name is the key at the top level; "sources" and "sinks" stand for the keys that each of their entries understands.
	Name string
	// Config returns a pointer to a new struct that holds the defaults.
	Config func() pipeline.Config
}

// Parts returns every part that is the same whatever the connectors, for what describes a configuration.
func Parts() []Part {
	var out []Part
	for i, s := range new(Config).sections() {
		out = append(out, Part{s.name, func() pipeline.Config { return new(Config).sections()[i].target }})
	}
	return append(out,
		Part{"sources", func() pipeline.Config { shared := dedupe.DefaultSource(); return &shared }},
		Part{"sinks", func() pipeline.Config { shared := deliver.DefaultConfig(); return &shared }})
}

// Written returns the ids of "sources" or of "sinks" in the order in which they stand in the file, for what is shown to people. Those
// that only variables set come last.
func (c *Config) Written(section string) []string { return c.written[section] }

// inOrder returns the ids of a section by their place in the file.
func (l *loader) inOrder(section string, entries any) []string {
	merged, _ := entries.(map[string]any)
	ids := slices.Sorted(maps.Keys(merged))
	place := func(id string) int {
		if o := l.origins[join(section, id)]; o.variable == "" {
			return o.key.line*longestFile + o.key.column
		}
		return math.MaxInt
	}
	slices.SortStableFunc(ids, func(a, b string) int { return cmp.Compare(place(a), place(b)) })
	return ids
}

// Plain returns a value of a field the way a user would write it: text, a number, true or false, a list or a mapping. It is
// false for what is left out: secrets, and lists and mappings that are empty.
func Plain(v reflect.Value) (any, bool) { return plain(v) }

// Key returns the key of a field, "" for one that cannot be set.
func Key(f reflect.StructField) string {
	if !f.IsExported() {
		return ""
	}
	name, _, _ := strings.Cut(f.Tag.Get("koanf"), ",")
	return name
}
