package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// codeNoMessage is what the server answers when no message matches.
const codeNoMessage = 10037

// anySubject matches every subject of a stream.
const anySubject = ">"

// found is the answer to a request for one message.
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
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	body, err := json.Marshal(request)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("asking stream %s: %w", stream, err)
	}
	resp, err := j.nc.RequestWithContext(ctx, "$JS.API.STREAM.MSG.GET."+stream, body)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("asking stream %s: %w", stream, err)
	}
	var answer found
	if err := json.Unmarshal(resp.Data, &answer); err != nil {
		return 0, time.Time{}, fmt.Errorf("reading answer of stream %s: %w", stream, err)
	}
	switch {
	case answer.Error == nil:
		return answer.Message.Sequence, answer.Message.Time, nil
	case answer.Error.ErrorCode == codeNoMessage:
		return 0, time.Time{}, nil
	}
	return 0, time.Time{}, fmt.Errorf("asking stream %s: %w", stream, answer.Error)
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
