package sns

import (
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzReadWrapper compares what is verified with what another reader of JSON takes from the same bytes.
func FuzzReadWrapper(f *testing.F) {
	files, err := filepath.Glob("testdata/vectors/*.json")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, name := range files {
		body, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(body)
	}
	f.Add([]byte(`{"Type":"Notification","Message":"a","Message":"b"}`))
	f.Add([]byte(`{"Type":"Notification","message":"a"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		before := string(body)
		w, err := readWrapper(body)
		require.Equal(t, before, string(body), "the body is stored as received")
		if err != nil {
			require.True(t, isRefusal(err))
			return
		}
		var other map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(body, &other))
		for _, field := range w.signed() {
			if _, ok := other[field.name]; !ok {
				require.Equal(t, "Message", field.name, "only Message may be missing")
				require.Empty(t, field.value)
				continue
			}
			var value string
			require.NoError(t, json.Unmarshal(other[field.name], &value))
			require.Equal(t, value, field.value)
		}
		requireReducible(t, w)
	})
}

// requireReducible checks that the signed fields alone are read back as they were.
func requireReducible(t *testing.T, w *wrapper) {
	t.Helper()
	again := wrapper{}
	var fields map[string]string
	require.NoError(t, json.Unmarshal(w.reduced(), &fields))
	for name, value := range fields {
		*again.place(name) = value
	}
	require.Equal(t, w.signed(), again.signed())
	require.Equal(t, w.stringToSign(), again.stringToSign())
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[*refusal](err)
	return ok
}

// FuzzPin checks that whatever is let through names the one host and nothing but a file on it.
func FuzzPin(f *testing.F) {
	t0, err := parseTopic("arn:aws:sns:eu-west-1:222233334444:chime")
	require.NoError(f, err)
	const file = "/SimpleNotificationService-0123456789abcdefABCDEF0123456789.pem"
	for _, seed := range []string{
		"https://sns.eu-west-1.amazonaws.com" + file, "https://sns.eu-west-1.amazonaws.com:443" + file,
		"https://sns.eu-west-1.amazonaws.com:8443" + file, "https://a@sns.eu-west-1.amazonaws.com" + file,
		"https://sns.eu-west-1.amazonaws.com" + file + "?x", "https://sns.eu-west-1.amazonaws.com" + file + "#x",
		"http://sns.eu-west-1.amazonaws.com" + file, "https://[::1]" + file, "https:sns.eu-west-1.amazonaws.com" + file, `https:\\x`, "%",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := pin(raw, t0)
		if err != nil {
			require.True(t, isRefusal(err))
			require.Empty(t, got)
			return
		}
		u, err := url.Parse(got)
		require.NoError(t, err)
		require.Equal(t, "sns.eu-west-1.amazonaws.com", u.Host)
		require.Equal(t, got, "https://sns.eu-west-1.amazonaws.com"+u.Path)
		require.Regexp(t, `\A/SimpleNotificationService-[0-9a-fA-F]{32}\.pem\z`, u.Path)
	})
}
