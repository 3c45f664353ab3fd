package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// longestFile is how many bytes a referenced file, or the configuration itself, may have.
const longestFile = 1 << 20

var (
	variableForm  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	loneReference = regexp.MustCompile(`^\$\{(env:[A-Za-z_][A-Za-z0-9_]*|file:[^}]+)\}$`)
)

// references resolves what stands between ${ and }.
type references struct {
	env map[string]string
}

// expansion is a text whose references are resolved.
type expansion struct {
	// text is the result.
	text string
	// values are what the references gave, none of which may be shown. Empty: text had no reference.
	values []string
}

// expand resolves every reference of text. All errors are joined; none contains a value or what the text holds besides the
// names of variables and files.
func (r references) expand(text string) (expansion, error) {
	var (
		out  strings.Builder
		ex   expansion
		errs []error
	)
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			break
		}
		if i > 0 && text[i-1] == '$' {
			out.WriteString(text[:i-1] + "${")
			text = text[i+2:]
			continue
		}
		body, rest, closed := strings.Cut(text[i+2:], "}")
		value, err := r.value(body, closed)
		if err != nil {
			errs = append(errs, err)
		}
		out.WriteString(text[:i] + value)
		ex.values = append(ex.values, value)
		text = rest
	}
	ex.text = out.String() + text
	return ex, errors.Join(errs...)
}

// value resolves one reference. The body of one that is malformed stays out of the error: it may be part of a password
// that happens to contain "${".
func (r references) value(body string, closed bool) (string, error) {
	scheme, name, _ := strings.Cut(body, ":")
	switch {
	case closed && scheme == "env":
		name, fallback, ok := strings.Cut(name, ":-")
		if variableForm.MatchString(name) {
			return r.variable(name, fallback, ok)
		}
	case closed && scheme == "file" && name != "":
		return content(name)
	}
	return "", errors.New(`a "${" that begins no reference: want ${env:NAME}, ${env:NAME:-default} or ${file:/path}, ` +
		`or write $${ where the text itself is meant`)
}

func (r references) variable(name, fallback string, hasFallback bool) (string, error) {
	value, ok := r.env[name]
	if hasFallback && value == "" {
		return fallback, nil
	}
	if !ok {
		return "", fmt.Errorf("environment variable %s is not set and the reference has no default", name)
	}
	return value, nil
}

// content returns what is in the file at path, without one newline at its end.
func content(path string) (string, error) {
	text, err := read(path)
	if err != nil {
		if pe, ok := errors.AsType[*fs.PathError](err); ok {
			err = pe.Err
		}
		return "", fmt.Errorf("reading the referenced file %q: %w", path, err)
	}
	if trimmed, ok := strings.CutSuffix(text, "\r\n"); ok {
		return trimmed, nil
	}
	return strings.TrimSuffix(text, "\n"), nil
}

// read refuses what is no regular file before opening it: a pipe would block for ever.
func read(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("not a regular file")
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file in the configuration
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, longestFile+1))
	if err == nil && len(text) > longestFile {
		err = errors.New("larger than 1MiB")
	}
	return string(text), err
}

// environ turns NAME=value pairs into a map; the last of a name counts.
func environ(pairs []string) map[string]string {
	out := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		if name, value, ok := strings.Cut(pair, "="); ok {
			out[name] = value
		}
	}
	return out
}
