package main_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// call is one system call on a file as strace -f -yy shows it. begin and end are lines of the trace: what ended on a line
// before the one on which something else began was over by then.
type call struct {
	name       string
	file       string // path, or TCP:[here->there]
	text       string // the other arguments
	result     int64
	begin, end int
}

var (
	callForm    = regexp.MustCompile(`^(\d+) +(\w+)\(\d+<((?:->|[^>])+)>(?:\(deleted\))?(.*)$`)
	resumedForm = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)$`)
	resultForm  = regexp.MustCompile(`\) += (-?\d+)[^"]*$`)
)

const unfinished = "<unfinished ...>"

// parseTrace reads the calls of a trace in the order in which they ended; those of which the trace does not show the end come
// last, with the result -1. Lines of other kinds, of signals and ended threads, are left out.
func parseTrace(trace string) ([]call, error) {
	var done []call
	open := map[string]call{} // by thread
	for n, line := range strings.Split(trace, "\n") {
		var thread string
		var c call
		if m := callForm.FindStringSubmatch(line); m != nil {
			thread, c = m[1], call{name: m[2], file: m[3], text: m[4], begin: n}
		} else if m := resumedForm.FindStringSubmatch(line); m != nil {
			thread = m[1]
			var ok bool
			if c, ok = open[thread]; !ok {
				continue // It began before strace was there, or is on no file.
			}
			if c.name != m[2] {
				return nil, fmt.Errorf("line %d: %s resumed in the middle of %s", n+1, m[2], c.name)
			}
			delete(open, thread)
			c.text = strings.TrimSuffix(c.text, unfinished) + m[3]
		} else {
			continue
		}
		if strings.HasSuffix(line, unfinished) {
			open[thread] = c
			continue
		}
		c.end, c.result = n, -1 // When strace went away in the middle of it.
		if m := resultForm.FindStringSubmatch(c.text); m != nil {
			var err error
			if c.result, err = strconv.ParseInt(m[1], 10, 64); err != nil {
				return nil, fmt.Errorf("line %d: %w", n+1, err)
			}
		}
		done = append(done, c)
	}
	for _, c := range open {
		c.end, c.result = strings.Count(trace, "\n")+1, -1
		done = append(done, c)
	}
	return done, nil
}

// durability is what a trace shows of notifications, each known by a mark that only its body has.
type durability struct {
	answered []string // the marks of those that were answered 200
	early    []string // of these, why each was answered too early
}

// judgeDurability looks for the answers 200 that the listener at addr wrote, and for what happened before each of them: the
// notification must have been written to a block file of RAW, and that file synced after the write and before the answer.
func judgeDurability(calls []call, addr string, mark *regexp.Regexp) durability {
	var d durability
	asked := map[string][]string{} // by connection: the marks of the request that is not answered yet
	for _, c := range calls {
		if !strings.HasPrefix(c.file, "TCP:["+addr+"->") {
			continue
		}
		switch {
		case c.name == "read":
			asked[c.file] = append(asked[c.file], mark.FindAllString(c.text, -1)...)
		case c.name == "write" && strings.Contains(c.text, `"HTTP/1.1 `):
			if strings.Contains(c.text, `"HTTP/1.1 200 `) && len(asked[c.file]) > 0 {
				m := asked[c.file][0]
				d.answered = append(d.answered, m)
				if why := tooEarly(calls, m, c); why != "" {
					d.early = append(d.early, m+": "+why)
				}
			}
			asked[c.file] = nil
		}
	}
	return d
}

// tooEarly returns what was missing when a notification was answered, empty when nothing was.
func tooEarly(calls []call, mark string, answer call) string {
	written := false
	for _, w := range calls {
		if (w.name != "pwrite64" && w.name != "write") || !isRawBlock(w.file) || w.result <= 0 || !strings.Contains(w.text, mark) || w.end >= answer.begin {
			continue
		}
		written = true
		for _, s := range calls {
			if (s.name == "fsync" || s.name == "fdatasync") && s.file == w.file && s.result == 0 && s.begin > w.end && s.end < answer.begin {
				return ""
			}
		}
	}
	if !written {
		return "not written before the answer"
	}
	return "not synced between its write and the answer"
}

func isRawBlock(file string) bool {
	return strings.Contains(file, "/streams/CHIME_RAW/msgs/") && strings.HasSuffix(file, ".blk")
}

const (
	traceAddr = "127.0.0.1:8080"
	blockFile = "12</d/jetstream/$G/streams/CHIME_RAW/msgs/1.blk>"
	clientA   = "14<TCP:[127.0.0.1:8080->127.0.0.1:4001]>"
	clientB   = "15<TCP:[127.0.0.1:8080->127.0.0.1:4002]>"
)

// lines is a trace in which the names of files are short.
func lines(all ...string) string {
	return strings.NewReplacer("BLOCK", blockFile, "A<>", clientA, "B<>", clientB).Replace(strings.Join(all, "\n"))
}

func TestDurabilityOfATrace(t *testing.T) {
	const (
		ask    = `7 read(A<>, "POST /eventbridge HTTP/1.1\r\nHost: x\r\n\r\n{\"id\":\"mark1\"}", 4096) = 60`
		write  = `8 pwrite64(BLOCK, "\0\0mark1\0", 700, 0) = 700`
		sync   = `8 fsync(BLOCK) = 0`
		answer = `7 write(A<>, "HTTP/1.1 200 OK\r\nDate: now\r\n\r\nOK\n", 120) = 120`
		elses  = `8 fsync(13</d/jetstream/$G/streams/CHIME_EVENTS/msgs/1.blk>) = 0`
	)
	for name, c := range map[string]struct {
		trace string
		early []string
	}{
		"synced":                {lines(ask, write, sync, answer), nil},
		"fdatasync":             {lines(ask, write, strings.Replace(sync, "fsync", "fdatasync", 1), answer), nil},
		"no sync":               {lines(ask, write, answer), []string{"mark1: not synced between its write and the answer"}},
		"sync after the answer": {lines(ask, write, answer, sync), []string{"mark1: not synced between its write and the answer"}},
		"sync before the write": {lines(ask, sync, write, answer), []string{"mark1: not synced between its write and the answer"}},
		"sync of another file":  {lines(ask, write, elses, answer), []string{"mark1: not synced between its write and the answer"}},
		"sync that failed":      {lines(ask, write, `8 fsync(BLOCK) = -1 EIO (Input/output error) (INJECTED)`, answer), []string{"mark1: not synced between its write and the answer"}},
		"sync began before the write ended": {
			lines(ask, `8 pwrite64(BLOCK, "mark1", 700, 0 <unfinished ...>`, `9 fsync(BLOCK <unfinished ...>`, `8 <... pwrite64 resumed>) = 700`, `9 <... fsync resumed>) = 0`, answer),
			[]string{"mark1: not synced between its write and the answer"},
		},
		"answer began before the sync ended": {
			lines(ask, write, `8 fsync(BLOCK <unfinished ...>`, `7 write(A<>, "HTTP/1.1 200 OK\r\n\r\n", 19 <unfinished ...>`, `8 <... fsync resumed>) = 0`, `7 <... write resumed>) = 19`),
			[]string{"mark1: not synced between its write and the answer"},
		},
		"another notification synced": {
			lines(ask, `8 pwrite64(BLOCK, "mark2", 700, 0) = 700`, sync, write, answer), []string{"mark1: not synced between its write and the answer"},
		},
		"never written":      {lines(ask, sync, answer), []string{"mark1: not written before the answer"}},
		"written afterwards": {lines(ask, answer, write, sync), []string{"mark1: not written before the answer"}},
		"two in one commit": {
			lines(ask, `6 read(B<>, "POST mark2", 4096) = 60`, `8 pwrite64(BLOCK, "mark1mark2", 700, 0) = 700`, sync, answer, `6 write(B<>, "HTTP/1.1 200 OK\r\n", 120) = 120`), nil,
		},
		"the second of a connection without a sync": {
			lines(ask, write, sync, answer, `7 read(A<>, "POST mark2", 4096) = 60`, `8 pwrite64(BLOCK, "mark2", 700, 0) = 700`, answer),
			[]string{"mark2: not synced between its write and the answer"},
		},
		"the end of the answer is not seen": {lines(ask, write, sync, `7 write(A<>, "HTTP/1.1 200 OK\r\n", 19 <unfinished ...>`), nil},
		"strace left with the answer":       {lines(ask, write, `7 write(A<>, "HTTP/1.1 200 OK\r\n", 19 <detached ...>`), []string{"mark1: not synced between its write and the answer"}},
		"everything in pieces": {
			lines(`7 read(A<>, <unfinished ...>`, `9 --- SIGURG {si_signo=SIGURG} ---`, `7 <... read resumed>"POST mark1", 4096) = 60`, `8 pwrite64(BLOCK, "mark1", 700, 0 <unfinished ...>`,
				`8 <... pwrite64 resumed>) = 700`, `8 fsync(BLOCK <unfinished ...>`, `5 +++ exited with 0 +++`, `8 <... fsync resumed>) = 0`, answer), nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			calls, err := parseTrace(c.trace)
			require.NoError(t, err)
			d := judgeDurability(calls, traceAddr, regexp.MustCompile(`mark\d+`))
			require.Contains(t, d.answered, "mark1")
			require.Equal(t, c.early, d.early)
		})
	}
}

func TestTraceOfWhatIsNotJudged(t *testing.T) {
	calls, err := parseTrace(lines(
		`7 read(A<>, "POST mark1", 4096) = 60`, `7 write(A<>, "HTTP/1.1 503 Service Unavailable\r\n", 120) = 120`,
		`7 read(A<>, "GET /", 4096) = 5`, `7 write(A<>, "HTTP/1.1 200 OK\r\n", 120) = 120`,
		`7 read(3<TCP:[127.0.0.1:9464->127.0.0.1:5]>, "mark2", 4096) = 5`, `7 write(3<TCP:[127.0.0.1:9464->127.0.0.1:5]>, "HTTP/1.1 200 OK\r\n", 120) = 120`,
		`7 <... fsync resumed>) = 0`, `7 read(A<>, 0xc000, 4096) = -1 EAGAIN (Resource temporarily unavailable)`, `7 fsync(BLOCK) = ?`, `7 fsync(BLOCK <unfinished ...>`,
	))
	require.NoError(t, err)
	require.Len(t, calls, 9)
	require.Equal(t, durability{}, judgeDurability(calls, traceAddr, regexp.MustCompile(`mark\d+`)))

	_, err = parseTrace(lines(`7 fsync(BLOCK <unfinished ...>`, `7 <... read resumed>"x", 1) = 1`))
	require.ErrorContains(t, err, "line 2: read resumed in the middle of fsync")
}
