package connectortest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProblems_CatchesWhatIsNotSaid(t *testing.T) {
	two := errors.Join(errors.New("url: is missing"), errors.New("timeout: 0s"))
	for name, row := range map[string]struct {
		err    error
		want   []string
		secret string
		fails  bool
	}{
		"valid":          {nil, nil, "hidden", false},
		"both":           {two, []string{"url: ", "timeout: "}, "hidden", false},
		"other order":    {two, []string{"timeout: ", "url: "}, "hidden", true},
		"one too few":    {two, []string{"url: "}, "hidden", true},
		"one too many":   {two, []string{"url: ", "timeout: ", "format: "}, "hidden", true},
		"nothing wanted": {two, nil, "hidden", true},
		"nothing wrong":  {nil, []string{"url: "}, "hidden", true},
		"a secret":       {two, []string{"url: ", "timeout: "}, "missing", true},
	} {
		rec := &recorder{}
		Problems(rec, row.err, row.want, row.secret)
		require.Equal(t, row.fails, len(rec.failures) > 0, "%s: %v", name, rec.failures)
	}
}
