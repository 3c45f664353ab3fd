package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// errLost is what became of messages that were on their way when the connection went: they may be stored or not.
var errLost = errors.New("the connection to the journal was lost before it answered")

// publisher publishes runs of messages and collects the answers. The client library makes a future, two channels and a timer for
// each message; here a run has one channel, and its caller's context is the timer. It is safe for concurrent use.
type publisher struct {
	nc     *nats.Conn
	prefix string // of the subjects of answers

	mu   sync.Mutex
	last uint64 // the number of the newest run
	runs map[uint64]*pubRun
}

// pubRun is a run whose answers are not all there. Of its fields only done is read without the publisher's lock.
type pubRun struct {
	answers []pubAnswer
	left    int // how many answers are missing
	done    chan struct{}
}

// pubAnswer is what the server said of one message.
type pubAnswer struct {
	sequence uint64
	err      error
	settled  bool
}

// listen prepares for answers. It ends with the connection.
func (p *publisher) listen(nc *nats.Conn) error {
	p.nc, p.prefix = nc, nc.NewInbox()+"."
	if _, err := nc.Subscribe(p.prefix+"*.*", p.answer); err != nil {
		return fmt.Errorf("listening for answers of the journal: %w", err)
	}
	return nil
}

// publish sends msgs one after the other without waiting in between, then waits for every answer. last is the highest sequence that
// was given to one; errs has an entry for each.
func (p *publisher) publish(ctx context.Context, msgs []*nats.Msg) (last uint64, errs []error) {
	number, run := p.begin(len(msgs))
	prefix := p.prefix + strconv.FormatUint(number, 36) + "."
	for i, m := range msgs {
		m.Reply = prefix + strconv.Itoa(i)
		if err := p.nc.PublishMsg(m); err != nil {
			p.settle(number, i, pubAnswer{err: err})
		}
	}
	select {
	case <-run.done:
	case <-ctx.Done():
		p.abandon(number, fmt.Errorf("waiting for the journal: %w", ctx.Err()))
	}
	errs = make([]error, len(msgs))
	for i := range run.answers {
		last, errs[i] = max(last, run.answers[i].sequence), run.answers[i].err
	}
	return last, errs
}

func (p *publisher) begin(n int) (uint64, *pubRun) {
	run := &pubRun{answers: make([]pubAnswer, n), left: n, done: make(chan struct{})}
	if n == 0 {
		close(run.done)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs == nil {
		p.runs = map[uint64]*pubRun{}
	}
	p.last++
	if n > 0 {
		p.runs[p.last] = run
	}
	return p.last, run
}

// answer takes one answer of the server.
func (p *publisher) answer(m *nats.Msg) {
	run, index, _ := strings.Cut(m.Subject[len(p.prefix):], ".")
	number, err := strconv.ParseUint(run, 36, 64)
	if err != nil {
		return
	}
	i, err := strconv.Atoi(index)
	if err != nil {
		return
	}
	sequence, err := readAck(m)
	p.settle(number, i, pubAnswer{sequence: sequence, err: err})
}

// settle notes what became of message i of a run, unless that is known.
func (p *publisher) settle(number uint64, i int, a pubAnswer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	run := p.runs[number]
	if run == nil || i < 0 || i >= len(run.answers) || run.answers[i].settled {
		return
	}
	a.settled = true
	run.answers[i] = a
	if run.left--; run.left == 0 {
		delete(p.runs, number)
		close(run.done)
	}
}

// abandon ends a run: what has no answer yet gets err.
func (p *publisher) abandon(number uint64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	run := p.runs[number]
	if run == nil {
		return
	}
	for i := range run.answers {
		if !run.answers[i].settled {
			run.answers[i] = pubAnswer{err: err, settled: true}
		}
	}
	delete(p.runs, number)
	close(run.done)
}

// lose ends all runs, because the connection went.
func (p *publisher) lose() {
	p.mu.Lock()
	numbers := make([]uint64, 0, len(p.runs))
	for number := range p.runs {
		numbers = append(numbers, number)
	}
	p.mu.Unlock()
	for _, number := range numbers {
		p.abandon(number, errLost)
	}
}

// readAck returns the sequence that a message got.
func readAck(m *nats.Msg) (uint64, error) {
	if sequence, ok := plainAck(m.Data); ok {
		return sequence, nil
	}
	if len(m.Data) == 0 && m.Header.Get("Status") == "503" {
		return 0, jetstream.ErrNoStreamResponse
	}
	return parseAck(m.Data)
}

func parseAck(data []byte) (uint64, error) {
	var ack struct {
		Error    *jetstream.APIError `json:"error"`
		Stream   string              `json:"stream"`
		Sequence uint64              `json:"seq"`
	}
	switch err := json.Unmarshal(data, &ack); {
	case err != nil || ack.Error == nil && ack.Stream == "":
		return 0, jetstream.ErrInvalidJSAck
	case ack.Error != nil:
		return 0, ack.Error
	}
	return ack.Sequence, nil
}

// plainAck reads an answer as the server writes most of them: {"stream":"S","seq":1}. Everything else is for a parser.
func plainAck(data []byte) (sequence uint64, ok bool) {
	at := bytes.LastIndex(data, []byte(`"seq":`))
	if at < 0 || !bytes.HasPrefix(data, []byte(`{"stream":`)) || data[len(data)-1] != '}' {
		return 0, false
	}
	digits := data[at+len(`"seq":`) : len(data)-1]
	if len(digits) == 0 || len(digits) > 19 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		sequence = sequence*10 + uint64(c-'0')
	}
	return sequence, true
}
