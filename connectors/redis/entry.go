package redis

import (
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"carillon/connectors/format"
	"carillon/pipeline"
)

// maxBody is proto-max-bulk-len of a server that was told nothing else: what is larger costs the connection, for ever.
const maxBody = 512 << 20

var errTooLarge = errors.New("larger than Redis takes")

// newEntry returns the command that appends e. An error is of class reject.
func (s *sink) newEntry(e *pipeline.Event) (*goredis.XAddArgs, error) {
	m, err := format.Encode(s.format, e)
	if err != nil {
		return nil, err
	}
	if len(m.Body) > maxBody {
		return nil, pipeline.Reject(fmt.Errorf("%w: %d bytes", errTooLarge, len(m.Body)))
	}
	values := make([]any, 0, 4+2*len(m.Attributes))
	values = append(values, "body", m.Body, "content-type", m.ContentType)
	for _, a := range m.Attributes {
		values = append(values, a.Name, a.Value)
	}
	return &goredis.XAddArgs{
		Stream: strings.ReplaceAll(s.stream, keyPlaceholder, e.Key), MaxLen: s.maxLen, Approx: s.maxLen > 0, Values: values,
	}, nil
}
