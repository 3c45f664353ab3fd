package config

import (
	"errors"
	"net"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"carillon/pipeline"
)

var pathForm = regexp.MustCompile(`^([a-z][a-z0-9_]*)((?:\.[^\s:.\[\]]+|\[\d+\])*): `)

// validate reports what the part at path thinks of its values, except where a problem is known already: it would be about
// the default that stands in for what the user wrote.
func (l *loader) validate(path string, target pipeline.Config) {
	names := fieldNames(reflect.TypeOf(target).Elem())
	for _, err := range parts(target.Validate()) {
		at, message := path, err.Error()
		if m := pathForm.FindStringSubmatch(message); m != nil && slices.Contains(names, m[1]) {
			at = path + "." + m[1] + m[2]
			message = message[len(m[0]):]
		}
		if !l.known(at, path) {
			l.add(at, withhold(strings.ReplaceAll(message, "\n", "; "), l.hidden))
		}
	}
}

// parts returns the errors that err joins, to any depth; err itself if it joins none.
func parts(err error) []error {
	if err == nil {
		return nil
	}
	// Only a bare join is taken apart: what wraps one adds words.
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || !isJoin(err, joined.Unwrap()) {
		return []error{err}
	}
	var out []error
	for _, one := range joined.Unwrap() {
		out = append(out, parts(one)...)
	}
	return out
}

// isJoin tells errors.Join from an fmt.Errorf with several %w, which says more than its parts.
func isJoin(err error, of []error) bool { return err.Error() == errors.Join(of...).Error() }

// whole reports what is impossible only in combination.
func (l *loader) whole(c *Config) {
	if c.NATS.URL == "" && c.Stream.Replicas > 1 && !l.known("stream.replicas", "") {
		l.add("stream.replicas", "the embedded server keeps 1 copy; set nats.url to a cluster for more")
	}
	if sameAddress(c.HTTP.Listen, c.Admin.Listen) {
		mine, other := "admin.listen", "http.listen"
		if _, ok := l.origins[mine]; !ok {
			mine, other = other, mine
		}
		l.add(mine, "is the address of "+other+" too; give each its own")
	}
	l.sharedPaths(c)
}

func sameAddress(a, b string) bool {
	_, port, err := net.SplitHostPort(a)
	return a == b && err == nil && port != "0"
}

// sharedPaths reports two sources that want the same path of the shared listener.
func (l *loader) sharedPaths(c *Config) {
	taken := map[string]string{}
	for _, s := range c.Sources {
		if u, ok := s.Config.(pipeline.PathUser); ok && !u.UsesPath() {
			continue
		}
		v := reflect.ValueOf(s.Config).Elem()
		i := slices.Index(fieldTags(v.Type()), "path")
		if i < 0 || v.Field(i).Kind() != reflect.String || v.Field(i).String() == "" {
			continue
		}
		at, path := join("sources."+s.ID, "path"), v.Field(i).String()
		if other, ok := taken[path]; ok {
			l.add(at, "is the path of sources."+other+" too; give each its own")
			continue
		}
		taken[path] = s.ID
	}
}
