package eventbridge

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
)

const (
	// How many keys of a set are used. Without a key id in a token each is tried.
	keysMost = 16
	// The shortest RSA key that is used.
	leastKeyBits = 2048
)

// keySet is what an issuer published at one time.
type keySet struct {
	find keyfunc.Keyfunc
	at   time.Time
}

// readKeys reads a JWK Set. Keys that cannot be used here, for encryption, of other kinds or too short, are left out: they
// do no harm to the others. A set without any usable key is an error that wraps errKeysUnavailable.
func readKeys(ctx context.Context, body []byte, now time.Time) (*keySet, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("%w: not a JWK Set", errKeysUnavailable)
	}
	var usable []jwkset.JWK
	for _, raw := range set.Keys {
		key, err := jwkset.NewJWKFromRawJSON(raw, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{})
		if err == nil && verifies(&key) && len(usable) < keysMost {
			usable = append(usable, key)
		}
	}
	if len(usable) == 0 {
		return nil, fmt.Errorf("%w: no key that can be used", errKeysUnavailable)
	}
	storage := jwkset.NewMemoryStorage()
	if err := storage.KeyReplaceAll(ctx, usable); err != nil {
		return nil, fmt.Errorf("%w: %w", errKeysUnavailable, err)
	}
	find, err := keyfunc.New(keyfunc.Options{Storage: storage})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errKeysUnavailable, err)
	}
	return &keySet{find: find, at: now}, nil
}

// verifies tells whether key is a public key for signatures.
func verifies(key *jwkset.JWK) bool {
	if use := key.Marshal().USE; use != "" && use != jwkset.UseSig {
		return false
	}
	switch public := key.Key().(type) {
	case *rsa.PublicKey:
		return public.N.BitLen() >= leastKeyBits
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}
