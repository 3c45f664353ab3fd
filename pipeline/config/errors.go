package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Error is one problem of a configuration.
type Error struct {
	// File is the name of the file, or "environment NAME" for a problem of an environment variable.
	File string `json:"file"`
	// Line counts from 1; 0 when the problem has no place in a file.
	Line int `json:"line,omitempty"`
	// Column counts characters from 1; 0 when Line is 0.
	Column int `json:"column,omitempty"`
	// Path is the key path, such as sources.queue.queue_url. Empty for a problem of the file as a whole.
	Path string `json:"path,omitempty"`
	// Message says what is wrong and, where it can, what would be right. It holds no secret.
	Message string `json:"message"`
}

// Error returns file:line:column: path: message, without the parts that are empty.
func (e Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		b.WriteString(":" + strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.Column))
	}
	b.WriteString(": ")
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	b.WriteString(e.Message)
	return b.String()
}

// Errors is every problem of a configuration: those of the file by position, then those of the environment by name.
type Errors []Error

// Error returns one line per problem.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the problems in order, each once.
func (e Errors) sorted() Errors {
	slices.SortFunc(e, func(a, b Error) int {
		return cmp.Or(
			cmp.Compare(min(b.Line, 1), min(a.Line, 1)),
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(e)
}
