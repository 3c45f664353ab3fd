package config

import (
	"strconv"
	"strings"
)

// position is a place in the file, both counted from 1.
type position struct{ line, column int }

// origin says where a key path was set.
type origin struct {
	// key is the place of the key, or of the item of a list.
	key position
	// value is the place of the value if it begins in the line of its key, otherwise that of the key.
	value position
	// variable is the environment variable that set the path. Empty: the file did.
	variable string
	// raw is what variable holds for a scalar, before YAML made a number of it.
	raw string
}

// report gathers problems and knows where each key path was set. The path "" is the file itself.
type report struct {
	file     string
	origins  map[string]origin
	problems Errors
	settled  map[string]bool
}

func newReport(file string) *report {
	return &report{
		file:    file,
		origins: map[string]origin{"": {key: position{1, 1}, value: position{1, 1}}},
		settled: map[string]bool{},
	}
}

// add records a problem with the value at path, or with the nearest known path above it. What Validate says about the same
// path will not be reported.
func (r *report) add(path, message string) {
	r.settled[path] = true
	o := r.locate(path)
	r.addAt(path, o.value, o.variable, message)
}

// addKey records a problem with the key at path.
func (r *report) addKey(path, message string) {
	o := r.locate(path)
	r.addAt(path, o.key, o.variable, message)
}

func (r *report) addAt(path string, at position, variable, message string) {
	if variable != "" {
		r.problems = append(r.problems, Error{File: "environment " + variable, Path: path, Message: message})
		return
	}
	r.problems = append(r.problems, Error{File: r.file, Line: at.line, Column: at.column, Path: path, Message: message})
}

// locate returns the origin of path or of the nearest path above it.
func (r *report) locate(path string) origin {
	for {
		if o, ok := r.origins[path]; ok {
			return o
		}
		path = parent(path)
	}
}

// known reports whether the value at path, one below it, or one above it but below stop, has a problem already.
func (r *report) known(path, stop string) bool {
	if path == stop {
		return false
	}
	for other := range r.settled {
		if below(other, path) {
			return true
		}
	}
	for ; path != stop && path != ""; path = parent(path) {
		if r.settled[path] {
			return true
		}
	}
	return false
}

// forget drops what is known of the paths below path.
func (r *report) forget(path string) {
	for other := range r.origins {
		if below(other, path) {
			delete(r.origins, other)
		}
	}
}

// below reports whether path is a part of what stands at above.
func below(path, above string) bool {
	return strings.HasPrefix(path, above+".") || strings.HasPrefix(path, above+"[")
}

// join returns the path of key below path.
func join(path, key string) string {
	if path == "" {
		return quoteKey(key)
	}
	return path + "." + quoteKey(key)
}

// item returns the path of the i-th item, from 0, of the list at path.
func item(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// parent cuts the last part of path.
func parent(path string) string { return path[:max(strings.LastIndexAny(path, ".["), 0)] }

// quoteKey keeps a key that anybody would type, and makes any other printable and short.
func quoteKey(key string) string {
	const longest = 64
	plain := func(c rune) bool {
		return c == '_' || c == '-' || c == '/' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	if key != "" && len(key) <= longest && strings.TrimFunc(key, plain) == "" {
		return key
	}
	return quote(key, longest)
}

// quote returns text in quotes, cut to at most limit characters.
func quote(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		text = string(runes[:limit]) + "..."
	}
	return strconv.Quote(text)
}
