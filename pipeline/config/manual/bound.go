package manual

import (
	"math"
	"reflect"
	"slices"
	"time"

	"carillon/pipeline"
	"carillon/pipeline/config"
)

// span is the range that a number may be in, both ends included.
type span struct{ low, high float64 }

const (
	// lowest and highest stand for no bound: what is allowed up to there has none.
	lowest, highest = -4e18, 4e18
	// finest is how exactly the bounds of a number with a fraction are found; they are shown with fewer digits.
	finest = 1.0 / (1 << 30)
	// few is up to which number single values are looked for.
	few = 16
)

func (s span) unbounded() bool { return s.low <= lowest && s.high >= highest }

// union is what either allows.
func (s span) union(o span) span { return span{math.Min(s.low, o.low), math.Max(s.high, o.high)} }

// bound finds the range of a number. It may depend on others: what any setting of the other numbers allows is allowed, but where
// it is not looked at under one setting of a text it is that of the settings under which it is.
func (p *probe) bound(k *Key, index []int) {
	path := p.pathOf(k.Path)
	f := &field{probe: p, index: index, path: path, kind: k.Kind}
	best := f.span(nil)
	if best.unbounded() {
		best = p.underChoices(f)
	}
	if best.unbounded() || best.low > best.high {
		return
	}
	if k.Kind == Int {
		if values := f.single(); values != nil {
			k.Values = values
			return
		}
	}
	if k.Kind == Float {
		best = span{math.Round(best.low*1e6) / 1e6, math.Round(best.high*1e6) / 1e6}
		k.Open = !f.takes(nil, best.low) && !f.takes(nil, best.high)
	}
	best = p.whatever(f, best)
	if best.low > 0 && f.takes(nil, 0) { // which often means never, or no limit
		k.Zero = true
	}
	if best.low > lowest {
		k.Low = f.show(best.low)
	}
	if best.high < highest {
		k.High = f.show(best.high)
	}
}

// underChoices looks for a text whose setting makes Validate look at the number.
func (p *probe) underChoices(f *field) span {
	for _, choice := range p.choices {
		for _, value := range p.constants(reflect.TypeOf(p.fresh()).Elem().FieldByIndex(choice).Type) {
			with := setting{choice, reflect.ValueOf(value)}
			if s := f.span([]setting{with}); !s.unbounded() {
				f.always = append(f.always, with)
				return s
			}
		}
	}
	return span{lowest, highest}
}

// whatever widens s by what f may be when other numbers are at their ends.
func (p *probe) whatever(f *field, s span) span {
	for _, other := range p.numbers {
		if reflect.DeepEqual(other, f.index) {
			continue
		}
		t := reflect.TypeOf(p.fresh()).Elem().FieldByIndex(other).Type
		kind, err := kindOf(t)
		if err != nil {
			continue
		}
		o := &field{probe: p, index: other, path: pathAt(reflect.TypeOf(p.fresh()).Elem(), other), kind: kind, always: f.always}
		ends := o.span(nil)
		for _, end := range []float64{ends.low, ends.high} {
			if end > lowest && end < highest {
				if wider := f.span([]setting{{other, o.value(end)}}); !wider.unbounded() {
					s = s.union(wider)
				}
			}
		}
	}
	return s
}

// pathAt returns the path of the field at index of t.
func pathAt(t reflect.Type, index []int) string {
	path := ""
	for i := range index {
		name := config.Key(t.FieldByIndex(index[:i+1]))
		if path != "" {
			name = path + "." + name
		}
		path = name
	}
	return path
}

// setting is another field and what it has.
type setting struct {
	index []int
	value reflect.Value
}

// field is a number whose range is asked for.
type field struct {
	*probe
	index  []int
	path   string
	kind   Kind
	always []setting
}

// takes tells whether the field may be n under settings.
func (f *field) takes(with []setting, n float64) bool {
	c := f.fresh()
	for _, s := range append(slices.Clip(f.always), with...) {
		set(c, s.index, s.value)
	}
	set(c, f.index, f.value(n))
	return !complains(c, f.path)
}

func (f *field) value(n float64) reflect.Value {
	if f.kind == Float {
		return reflect.ValueOf(n)
	}
	return reflect.ValueOf(int64(n))
}

// span finds the range around the default or, where that stands alone, around the first common value that is taken.
func (f *field) span(with []setting) span {
	for _, seed := range f.seeds() {
		if !f.takes(with, seed) {
			continue
		}
		for _, step := range f.steps() {
			if f.takes(with, seed+step) || f.takes(with, seed-step) {
				return span{f.end(with, seed, -step, lowest), f.end(with, seed, step, highest)}
			}
		}
	}
	if v := f.current(); f.takes(with, v) {
		return span{v, v}
	}
	return span{highest, lowest} // nothing, which widens nothing
}

// current returns the default.
func (f *field) current() float64 {
	v := reflect.ValueOf(f.fresh()).Elem().FieldByIndex(f.index)
	if v.CanFloat() {
		return v.Float()
	}
	return float64(v.Int())
}

func (f *field) seeds() []float64 {
	seeds := []float64{f.current()}
	switch f.kind { //nolint:exhaustive // the others are no numbers
	case Duration:
		for _, d := range []time.Duration{time.Second, time.Minute, time.Hour} {
			seeds = append(seeds, float64(d))
		}
	case Size:
		seeds = append(seeds, float64(pipeline.MiB), float64(pipeline.GiB))
	}
	return seeds
}

// steps are by how much a value may differ from the next.
func (f *field) steps() []float64 {
	switch f.kind { //nolint:exhaustive // the others are no numbers
	case Duration:
		return []float64{1, float64(time.Millisecond), float64(time.Second)}
	case Float:
		return []float64{finest}
	}
	return []float64{1}
}

// end goes from seed by steps that double as far as the field goes, and halves the last one until the end is found.
func (f *field) end(with []setting, seed, step, limit float64) float64 {
	good, stride := seed, step
	for math.Abs(good) < highest && f.takes(with, good+stride) {
		good += stride
		stride *= 2
	}
	if math.Abs(good) >= highest {
		return limit
	}
	for math.Abs(stride) > math.Abs(step) {
		stride /= 2
		if f.takes(with, good+stride) {
			good += stride
		}
	}
	return good
}

// single returns the values that are taken if they are few and have gaps between them, nil otherwise.
func (f *field) single() []Value {
	var out []Value
	gap, last := false, -1
	for n := range few + 1 {
		if !f.takes(nil, float64(n)) {
			continue
		}
		gap = gap || len(out) > 0 && last != n-1
		out, last = append(out, Value{Value: n}), n
	}
	if gap && last < few {
		return out
	}
	return nil
}

// show returns n as a user would write it.
func (f *field) show(n float64) any {
	v := reflect.ValueOf(f.fresh()).Elem().FieldByIndex(f.index)
	shown, _ := config.Plain(f.value(n).Convert(v.Type()))
	return shown
}
