package config

import (
	"slices"
	"strings"
)

// unknownKey returns the message for a key that is none of names, and the name it probably stands for, if any.
func unknownKey(key string, names []string) (message, meant string) {
	if meant = nearest(key, names); meant != "" {
		return "unknown key; did you mean " + quote(meant, 64) + "?", meant
	}
	return "unknown key; the keys here are " + list(names), ""
}

// list returns names sorted and separated by commas.
func list(names []string) string {
	return strings.Join(slices.Sorted(slices.Values(names)), ", ")
}

// nearest returns the one of names that word most likely stands for, or "".
func nearest(word string, names []string) string {
	const longest = 64
	if len(word) > longest {
		return ""
	}
	limit := min(max((len(word)+1)/3, 1), 4)
	best, found := limit+1, ""
	for _, name := range slices.Sorted(slices.Values(names)) {
		if d := unlikeness(word, name, limit); d < best {
			best, found = d, name
		}
	}
	return found
}

// unlikeness is the edit distance of the letters, or limit when one is a part of the other ("url" and "queue_url").
func unlikeness(word, name string, limit int) int {
	a, b := bare(word), bare(name)
	d := distance(a, b)
	if d > limit && len(a) > 1 && (strings.HasPrefix(name, word+"_") || strings.HasSuffix(name, "_"+word)) {
		return limit
	}
	return d
}

// bare drops what people vary when they spell a key: case, hyphens and underscores.
func bare(word string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(word))
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that turn a into b.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
