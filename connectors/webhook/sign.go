package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"carillon/pipeline"
)

const (
	keyPrefix = "whsec_"
	// minKey and maxKey are the bounds of Standard Webhooks.
	minKey = 24
	maxKey = 64
)

// parseKey reads what Validate accepts. Its errors never quote the key.
func parseKey(secret pipeline.Secret) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret.Reveal(), keyPrefix))
	if err != nil {
		return nil, errors.New("not base64, with or without whsec_ before it")
	}
	if len(key) < minKey || len(key) > maxKey {
		return nil, fmt.Errorf("stands for %d bytes, which is outside %d to %d", len(key), minKey, maxKey)
	}
	return key, nil
}

// signer makes the headers of Standard Webhooks. It is safe for concurrent use.
type signer struct{ keys [][]byte }

// newSigner leaves out the secrets that are not set.
func newSigner(secrets ...pipeline.Secret) (signer, error) {
	var s signer
	for _, secret := range secrets {
		if secret.IsZero() {
			continue
		}
		key, err := parseKey(secret)
		if err != nil {
			return s, fmt.Errorf("reading the key: %w", err)
		}
		s.keys = append(s.keys, key)
	}
	return s, nil
}

// sign sets the headers of a request that carries body. Receivers that know any of the keys accept it.
func (s signer) sign(h http.Header, id string, now time.Time, body []byte) {
	at := strconv.FormatInt(now.Unix(), 10)
	h["Webhook-Id"], h["Webhook-Timestamp"] = []string{id}, []string{at}
	if len(s.keys) == 0 {
		return
	}
	signatures := make([]byte, 0, len(s.keys)*(len(" v1,")+base64.StdEncoding.EncodedLen(sha256.Size)))
	for i, key := range s.keys {
		if i > 0 {
			signatures = append(signatures, ' ')
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + at + "."))
		mac.Write(body)
		signatures = base64.StdEncoding.AppendEncode(append(signatures, "v1,"...), mac.Sum(nil))
	}
	h["Webhook-Signature"] = []string{string(signatures)}
}
