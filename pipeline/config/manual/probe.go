package manual

import (
	"reflect"
	"slices"
	"strings"

	"carillon/pipeline"
)

// probe finds out what a struct takes by asking its Validate.
type probe struct {
	fresh func() pipeline.Config
	// constants returns the values that a named type of text has names for.
	constants func(reflect.Type) []string
	// above is the path of the struct, if it stands in another one.
	above string
	// numbers and choices are the fields that what another field may have can depend on.
	numbers, choices [][]int
}

func newProbe(fresh func() pipeline.Config, constants func(reflect.Type) []string) *probe {
	p := &probe{fresh: fresh, constants: constants}
	p.gather(reflect.TypeOf(fresh()).Elem(), nil)
	return p
}

// below tells the probe where its struct stands.
func (p *probe) below(path string) *probe {
	p.above = path
	return p
}

// pathOf returns the path of a key as Validate knows it.
func (p *probe) pathOf(path string) string {
	if p.above == "" {
		return path
	}
	return strings.TrimPrefix(path, p.above+".")
}

func (p *probe) gather(t reflect.Type, index []int) {
	for i := range t.NumField() {
		at := append(slices.Clip(index), i)
		kind, err := kindOf(t.Field(i).Type)
		switch {
		case err != nil:
		case kind == Section:
			if !isConfig(t.Field(i).Type) {
				p.gather(t.Field(i).Type, at)
			}
		case isNumber(kind):
			p.numbers = append(p.numbers, at)
		case kind == Text && t.Field(i).Type.PkgPath() != "":
			p.choices = append(p.choices, at)
		}
	}
}

func isNumber(k Kind) bool { return k == Int || k == Float || k == Duration || k == Size }

// misses tells whether Validate has something against the default at path.
func (p *probe) misses(path string) bool { return complains(p.fresh(), path) }

// takes tells whether the field at index may have a value, with defaults everywhere else.
func (p *probe) takes(index []int, path string, value reflect.Value) bool {
	c := p.fresh()
	set(c, index, value)
	return !complains(c, p.pathOf(path))
}

func set(c pipeline.Config, index []int, value reflect.Value) {
	field := reflect.ValueOf(c).Elem().FieldByIndex(index)
	field.Set(value.Convert(field.Type()))
}

// complains tells whether Validate says anything about the value at path itself.
func complains(c pipeline.Config, path string) bool {
	err := c.Validate()
	if err == nil {
		return false
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if rest, ok := strings.CutPrefix(line, path); ok && (strings.HasPrefix(rest, ": ") || strings.HasPrefix(rest, "[")) {
			return true
		}
	}
	return false
}
