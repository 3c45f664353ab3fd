package manual

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What comments say to readers of the code.
const (
	seeFormats = "; see package format"
	seeFilter  = "; see package filter for what it may use"
)

const introduction = `# Configuration reference

Generated from the code: do not edit it. ` + "`go test ./connectors -run TestManual -update`" + ` writes it anew.

One YAML file holds everything; [router.yaml](router.yaml) is one with comments. Every key that is left out has its default.
Keys below others are written here with dots: ` + "`retry.max`" + ` stands for ` + "`retry: {max: ...}`" + `.

| value | how it is written |
|---|---|
| text | as it is, in quotes where YAML would make something else of it: ` + "`\"1\"`, `\"true\"`" + ` |
| secret | text that is never printed, in no error, log or metric; it cannot be empty |
| duration | ` + "`500ms`, `2s`, `10m`, `1h30m`, `96h`" + `; 0 needs no unit |
| size | ` + "`64MiB`, `10GiB`" + ` (powers of 1024), ` + "`10GB`" + ` (of 1000), or a number of bytes |
| list | ` + "`[a, b]`" + `, or a line ` + "`- a`" + ` for each |

` + "`${env:NAME}`" + ` in a value stands for an environment variable, ` + "`${env:NAME:-default}`" + ` for one that may be unset or empty,
` + "`${file:/path}`" + ` for the content of a file; they may stand for values of every kind. ` + "`$${`" + ` is ` + "`${`" + ` itself.
A variable overrides a key of the file: ` + "`CARILLON_STREAM__PARTITIONS=16`" + ` sets ` + "`stream.partitions`" + `.

`

// Reference returns the reference in Markdown. examples holds a piece of configuration in YAML for each connector: by "source sqs"
// and the like.
func (m *Manual) Reference(examples map[string]string) []byte {
	var b bytes.Buffer
	b.WriteString(introduction)
	m.contents(&b)
	for _, g := range m.Sections {
		fmt.Fprintf(&b, "## %s\n\n%s (`%s`)\n\n", g.Name, g.Doc, g.Struct)
		table(&b, g.Keys)
	}
	b.WriteString("## sources\n\nWhere notifications come from. Each source stands under a name of yours, its id: a lower-case letter, then up to 31 of " +
		"a-z, 0-9, `_` and `-`. The key `type` says what it is.\n\n")
	fmt.Fprintf(&b, "### Every source\n\nBeside `type` and the keys of its type (`%s`):\n\n", m.Source.Struct)
	table(&b, m.Source.Keys)
	connectors(&b, "source", m.Sources, examples)
	b.WriteString("## sinks\n\nWhere events go. Each sink stands under a name of yours, as a source does. The key `type` says what it is.\n\n")
	fmt.Fprintf(&b, "### Every sink\n\nBeside `type` and the keys of its type (`%s`):\n\n", m.Sink.Struct)
	table(&b, m.Sink.Keys)
	connectors(&b, "sink", m.Sinks, examples)
	m.formats(&b)
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

func (m *Manual) contents(b *bytes.Buffer) {
	links := func(list []Group, prefix string) string {
		out := make([]string, len(list))
		for i, g := range list {
			out[i] = fmt.Sprintf("[%s](#%s%s)", g.Name, prefix, g.Name)
		}
		return strings.Join(out, " · ")
	}
	fmt.Fprintf(b, "- %s\n", links(m.Sections, ""))
	fmt.Fprintf(b, "- [sources](#sources): [every source](#every-source) · %s\n", links(m.Sources, "source-"))
	fmt.Fprintf(b, "- [sinks](#sinks): [every sink](#every-sink) · %s\n", links(m.Sinks, "sink-"))
	b.WriteString("- [formats](#formats)\n\n")
}

func connectors(b *bytes.Buffer, role string, list []Group, examples map[string]string) {
	for _, g := range list {
		fmt.Fprintf(b, "### %s %s\n\n`type: %s` (`%s`)\n\n", role, g.Name, g.Name, g.Struct)
		table(b, g.Keys)
		if text, ok := examples[role+" "+g.Name]; ok {
			fmt.Fprintf(b, "```yaml\n%s```\n\n", text)
		}
	}
}

// formats explains the values that the key format of any sink may have.
func (m *Manual) formats(b *bytes.Buffer) {
	b.WriteString("## formats\n\nWhat the key `format` of a sink may say, as far as the sink knows it:\n\n| format | what is sent |\n|---|---|\n")
	what := map[string]string{}
	for _, g := range m.Sinks {
		for _, k := range g.Keys {
			for _, v := range k.Values {
				if name, ok := v.Value.(string); ok && k.Name == "format" {
					_, what[name], _ = strings.Cut(v.Doc, " is ")
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(what)) {
		fmt.Fprintf(b, "| `%s` | %s |\n", name, cell(what[name]))
	}
}

func table(b *bytes.Buffer, keys []Key) {
	b.WriteString("| key | value | default | what it is |\n|---|---|---|---|\n")
	rows(b, keys)
	b.WriteString("\n")
}

func rows(b *bytes.Buffer, keys []Key) {
	for i := range keys {
		k := &keys[i]
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", k.Path, cell(k.value()), cell(k.standard()), cell(linked(k.Doc)))
		rows(b, k.Keys)
	}
}

// value says what may be written.
func (k *Key) value() string {
	if len(k.Values) > 0 {
		return k.choice()
	}
	out := string(k.Kind)
	switch k.Kind { //nolint:exhaustive // the others say it all
	case List:
		out = "list of " + plural(k.Item.Kind)
	case Map:
		out = "mapping of names to " + plural(k.Item.Kind)
	}
	if span := k.span(); span != "" {
		out += ", " + span
	}
	return out
}

func plural(k Kind) string {
	if k == Secret {
		return "secrets"
	}
	return string(k)
}

func (k *Key) choice() string {
	out := make([]string, len(k.Values))
	for i, v := range k.Values {
		out[i] = "`" + fmt.Sprint(v.Value) + "`"
		if v.Value == "" {
			out[i] = "empty"
		}
	}
	if k.Time {
		out = append(out, "a time")
	}
	if len(out) == 1 {
		return out[0]
	}
	return strings.Join(out[:len(out)-1], ", ") + " or " + out[len(out)-1]
}

func (k *Key) span() string {
	out := ""
	switch {
	case k.Low != nil && k.High != nil && k.Open:
		out = fmt.Sprintf("above %v and below %v", k.Low, k.High)
	case k.Low != nil && k.High != nil:
		out = fmt.Sprintf("%v to %v", k.Low, k.High)
	case k.Low != nil:
		out = fmt.Sprintf("%v or more", k.Low)
	case k.High != nil:
		out = fmt.Sprintf("at most %v", k.High)
	}
	if k.Zero {
		out += ", or 0"
	}
	return out
}

// standard says what is meant when the key is left out.
func (k *Key) standard() string {
	switch value := k.Default.(type) {
	case nil:
	case string:
		if value != "" {
			return "`" + value + "`"
		}
	case []any:
		if len(value) > 0 {
			return "`" + strings.ReplaceAll(fmt.Sprint(value), " ", ", ") + "`"
		}
	case map[string]any:
	default:
		return fmt.Sprintf("`%v`", value)
	}
	if k.Required {
		return "**required**"
	}
	return ""
}

// linked leads readers of the reference to what readers of the code find in packages.
func linked(doc string) string {
	return strings.NewReplacer(seeFormats, "; see [formats](#formats)",
		seeFilter, "; the [README](../README.md#configure-it) says what it may use").Replace(doc)
}

// cell is text that stays within its cell. What stands between < and > would be taken for HTML.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(text)
}

// Secrets returns the paths of all keys of g that hold secrets.
func (g Group) Secrets() []string {
	return paths(g.Keys, func(k *Key) bool { return k.Kind == Secret })
}

// Defaults returns the paths of all keys of g that have a default which is printed.
func (g Group) Defaults() []string {
	return paths(g.Keys, func(k *Key) bool {
		return k.Kind != Secret && k.Kind != List && k.Kind != Map && k.Kind != Section
	})
}

func paths(keys []Key, want func(*Key) bool) []string {
	var out []string
	for i := range keys {
		if want(&keys[i]) {
			out = append(out, keys[i].Path)
		}
		out = append(out, paths(keys[i].Keys, want)...)
	}
	return out
}
