package awslocal

import (
	"context"
	"net/http"
	"strings"
	"sync"
)

// Key is a key of KMS, as far as programs that look at an account see it. Nothing is encrypted with it.
type Key struct {
	// ID is its id, such as 11112222-3333-4444-5555-666677778888; Alias another name of it, which begins with alias/. It may
	// be empty.
	ID, Alias string
	// Policy is the policy default. Disabled keys encrypt nothing.
	Policy   string
	Disabled bool
}

// keys are the keys of KMS. It is safe for concurrent use.
type keys struct {
	server *Server

	mu   sync.Mutex
	keys []Key
}

// PutKey makes a key, or replaces the one with that id.
func (s *Server) PutKey(k Key) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	for i := range s.keys.keys {
		if s.keys.keys[i].ID == k.ID {
			s.keys.keys[i] = k
			return
		}
	}
	s.keys.keys = append(s.keys.keys, k)
}

// kmsOperations lists what the KMS service can do: describe.
func kmsOperations(k *keys) map[string]operation {
	return map[string]operation{"DescribeKey": typed(k.describe), "GetKeyPolicy": typed(k.policy)}
}

type keyInput struct{ KeyId, PolicyName string }

// find looks by id, by ARN, or by alias, which not every operation takes.
func (k *keys) find(name string, aliases bool) (Key, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	short := name[strings.LastIndex(name, ":")+1:]
	for _, key := range k.keys {
		if strings.TrimPrefix(short, "key/") == key.ID || aliases && short != "" && short == key.Alias {
			return key, nil
		}
	}
	return Key{}, &APIError{Status: http.StatusBadRequest, Code: "NotFoundException", Message: "Key '" + name + "' does not exist"}
}

func (k *keys) describe(_ context.Context, in *keyInput) (any, error) {
	key, err := k.find(in.KeyId, true)
	if err != nil {
		return nil, err
	}
	o, state := k.server.opts, "Enabled"
	if key.Disabled {
		state = "Disabled"
	}
	arn := "arn:" + partition(o.Region) + ":kms:" + o.Region + ":" + o.Account + ":key/" + key.ID
	return map[string]any{"KeyMetadata": map[string]any{
		"KeyId": key.ID, "Arn": arn, "AWSAccountId": o.Account, "Enabled": !key.Disabled, "KeyState": state, "KeyManager": "CUSTOMER",
	}}, nil
}

func (k *keys) policy(_ context.Context, in *keyInput) (any, error) {
	key, err := k.find(in.KeyId, false)
	if err != nil {
		return nil, err
	}
	return map[string]string{"Policy": key.Policy, "PolicyName": "default"}, nil
}
