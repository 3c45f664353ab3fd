package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const (
	// searchEffort bounds the search of a line, and then of a column, in bytes parsed: about a second each.
	searchEffort = 16 << 20
	// longestSearch bounds the search of a column, in characters from the end of the line.
	longestSearch = 512
)

var parserMessage = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// explain returns where text stops being YAML and what is wrong there. The parser tells a line that is sometimes one too
// small and no column, so the place is searched: it is the end of the shortest beginning of text that has the same problem
// as every longer one.
func explain(text []byte, err error) (position, string) {
	symptom := symptomOf(err)
	bad := func(n int) bool {
		_, err := oneNode(text[:n])
		return err != nil && symptomOf(err) == symptom
	}
	ends := lineEnds(text)
	if len(text)*len(ends) > searchEffort {
		return position{reportedLine(err), 1}, words(symptom)
	}
	line := len(ends) - 1
	for line > 0 && bad(ends[line-1]) {
		line--
	}
	start := 0
	if line > 0 {
		start = ends[line-1]
	}
	end := ends[line]
	for tries := 0; end > start+1 && tries < longestSearch && tries*end < searchEffort && bad(end-1); tries++ {
		end--
	}
	at := position{line + 1, max(utf8.RuneCount(text[start:end]), 1)}
	if end > 0 && text[end-1] == '\t' {
		return at, "a tab cannot indent; use spaces"
	}
	return at, words(symptom)
}

// lineEnds returns the offset behind each line; at least one.
func lineEnds(text []byte) []int {
	var ends []int
	for end := 0; end < len(text); {
		i := bytes.IndexByte(text[end:], '\n')
		if i < 0 {
			i = len(text) - end - 1
		}
		end += i + 1
		ends = append(ends, end)
	}
	if len(ends) == 0 {
		ends = []int{0}
	}
	return ends
}

// symptomOf returns the parser's message without the line and without anything that it quotes from the text.
func symptomOf(err error) string {
	var many *severalError
	if errors.Is(err, io.EOF) || errors.As(err, &many) {
		return ""
	}
	message := parserMessage.ReplaceAllString(err.Error(), "")
	if strings.HasPrefix(message, "unknown anchor") {
		return "unknown anchor"
	}
	return message
}

func reportedLine(err error) int {
	if m := parserMessage.FindStringSubmatch(err.Error()); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			return n
		}
	}
	return 1
}

// words puts the parser's common messages in terms of what to do about them.
func words(symptom string) string {
	const quotes = "; put the value in quotes"
	switch {
	case strings.Contains(symptom, "tab character"):
		return "a tab cannot indent; use spaces"
	case strings.Contains(symptom, "cannot start any token"):
		return "a value cannot begin with this character" + quotes
	case symptom == "unknown anchor":
		return "a value that begins with * repeats an anchor, and there is none of that name" + quotes + " if it is text"
	case strings.Contains(symptom, "mapping values are not allowed"):
		return `": " stands where no key can be; check the indentation, or put a value that contains it in quotes`
	case strings.Contains(symptom, "document start"):
		return "this does not belong to what is above it; check the indentation"
	}
	return "not valid YAML: " + symptom
}

// plainScalar returns the value of one unquoted YAML scalar, without the characters that are special elsewhere in YAML.
func plainScalar(text string) any {
	n := yaml.Node{Kind: yaml.ScalarNode, Value: text}
	var out any
	if n.ShortTag() == "!!timestamp" || n.Decode(&out) != nil {
		return text
	}
	return out
}
