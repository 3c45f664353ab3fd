package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// codeNoMessage is what the server answers when no message matches.
const codeNoMessage = 10037

// anySubject matches every subject of a stream.
const anySubject = ">"

// found is the answer to a request for one message, without what it holds.
type found struct {
	Error   *jetstream.APIError `json:"error"`
	Message struct {
		Sequence uint64    `json:"seq"`
		Time     time.Time `json:"time"`
	} `json:"message"`
}

// askLeader returns sequence and time of the one message that request describes, 0 when there is none. The leader of the
// stream answers: a direct get may come from a follower that is behind.
func (j *Journal) askLeader(ctx context.Context, stream string, request map[string]any) (uint64, time.Time, error) {
	var answer found
	if err := j.request(ctx, stream, request, &answer); err != nil {
		return 0, time.Time{}, err
	}
	if ok, err := answered(stream, answer.Error); !ok {
		return 0, time.Time{}, err
	}
	return answer.Message.Sequence, answer.Message.Time, nil
}

// foundWhole is the answer to a request for one message.
type foundWhole struct {
	Error   *jetstream.APIError `json:"error"`
	Message struct {
		Sequence uint64    `json:"seq"`
		Time     time.Time `json:"time"`
		Subject  string    `json:"subject"`
		Header   []byte    `json:"hdrs"`
		Body     []byte    `json:"data"`
	} `json:"message"`
}

// leaderMessage returns the one message that request describes, from the leader; false when there is none.
func (j *Journal) leaderMessage(ctx context.Context, stream string, request map[string]any) (Message, bool, error) {
	var answer foundWhole
	if err := j.request(ctx, stream, request, &answer); err != nil {
		return Message{}, false, err
	}
	if ok, err := answered(stream, answer.Error); !ok {
		return Message{}, false, err
	}
	got := answer.Message
	m := Message{Sequence: got.Sequence, Stored: got.Time, Subject: got.Subject, Body: got.Body}
	if len(got.Header) > 0 {
		var err error
		if m.Header, err = nats.DecodeHeadersMsg(got.Header); err != nil {
			return Message{}, false, fmt.Errorf("reading message %d of stream %s: %w", m.Sequence, stream, err)
		}
	}
	return m, true, nil
}

// answered reports whether an answer holds a message; that there is none is no error.
func answered(stream string, refusal *jetstream.APIError) (bool, error) {
	switch {
	case refusal == nil:
		return true, nil
	case refusal.ErrorCode == codeNoMessage:
		return false, nil
	}
	return false, fmt.Errorf("asking stream %s: %w", stream, refusal)
}

// request asks for a message of stream and reads the answer into out.
func (j *Journal) request(ctx context.Context, stream string, request map[string]any, out any) error {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("asking stream %s: %w", stream, err)
	}
	resp, err := j.nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+stream, body)
	if err != nil {
		return fmt.Errorf("asking stream %s: %w", stream, err)
	}
	if err := json.Unmarshal(resp.Data, out); err != nil {
		return fmt.Errorf("reading answer of stream %s: %w", stream, err)
	}
	return nil
}

// firstFrom returns sequence and time of the first message of subject from seq on, 0 when there is none.
func (j *Journal) firstFrom(ctx context.Context, stream, subject string, seq uint64) (uint64, time.Time, error) {
	return j.askLeader(ctx, stream, map[string]any{"seq": seq, "next_by_subj": subject})
}

// firstSince returns the sequence of the first message that was stored at t or later, 0 when there is none.
func (j *Journal) firstSince(ctx context.Context, stream string, t time.Time) (uint64, error) {
	seq, _, err := j.askLeader(ctx, stream, map[string]any{"start_time": t, "next_by_subj": anySubject})
	return seq, err
}
