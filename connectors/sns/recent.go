package sns

import "slices"

// recent is a small map that holds limit entries and forgets the one not used for longest. It is searched one by one, which
// is no loss at its size. It is not safe for concurrent use.
type recent[V any] struct {
	limit   int
	entries []entry[V]
}

type entry[V any] struct {
	key   string
	value V
}

func (r *recent[V]) get(key string) (value V, ok bool) {
	i := r.index(key)
	if i < 0 {
		return value, false
	}
	e := r.entries[i]
	r.entries = append(slices.Delete(r.entries, i, i+1), e)
	return e.value, true
}

func (r *recent[V]) put(key string, value V) {
	if i := r.index(key); i >= 0 {
		r.entries = slices.Delete(r.entries, i, i+1)
	}
	if len(r.entries) >= r.limit {
		r.entries = slices.Delete(r.entries, 0, 1)
	}
	r.entries = append(r.entries, entry[V]{key: key, value: value})
}

func (r *recent[V]) index(key string) int {
	return slices.IndexFunc(r.entries, func(e entry[V]) bool { return e.key == key })
}
