package reach

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// Printer writes a line for each result and, for a person who waits, which are still to come.
type Printer struct {
	mu     sync.Mutex
	out    io.Writer
	screen io.Writer // nil: nobody watches
	width  int
	left   string // what stands on the screen now
}

// NewPrinter prints results to out, and to screen, unless it is nil, what is waited for.
func NewPrinter(out, screen io.Writer, targets []Target) *Printer {
	p := &Printer{out: out, screen: screen}
	for _, t := range targets {
		p.width = max(p.width, len(t.Path))
	}
	return p
}

// Result prints one line.
func (p *Printer) Result(r Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	word, text := "ok   ", r.Found
	if !r.OK {
		word, text = "wrong", r.Problem
	}
	_, _ = fmt.Fprintf(p.out, "%-*s  %s  %s\n", p.width, r.Path, word, text)
}

// Waiting shows what is waited for, in place of what was shown before.
func (p *Printer) Waiting(paths []string) {
	if p.screen == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	if len(paths) == 0 {
		return
	}
	const most = 3
	p.left = "waiting for " + strings.Join(paths[:min(most, len(paths))], ", ")
	if len(paths) > most {
		p.left += fmt.Sprintf(" and %d more", len(paths)-most)
	}
	_, _ = io.WriteString(p.screen, p.left)
}

func (p *Printer) erase() {
	if p.screen == nil || p.left == "" {
		return
	}
	_, _ = io.WriteString(p.screen, "\r\x1b[K")
	p.left = ""
}
