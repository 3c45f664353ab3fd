package journal

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var (
	// ErrFull means that the stream or the disk has no room. Nothing was stored; the same append may succeed later.
	ErrFull = errors.New("journal is full")
	// ErrFenced means that somebody else took the fence of the partition. Nothing was stored.
	ErrFenced = errors.New("partition is fenced by another owner")
	// ErrRefused means that the server will never take this message, whatever its neighbours are; of several messages, that it
	// will not take them as one batch: cut it smaller. Nothing was stored.
	ErrRefused = errors.New("journal refuses the message")
	// ErrInUse means that another process holds the data directory.
	ErrInUse = errors.New("data directory is in use by another process")
	// ErrStore means that the store of the embedded server failed and takes nothing more; together with ErrFull, until there is
	// space again. Nothing was stored.
	ErrStore = errors.New("the store of the journal failed")
	// ErrBroken means that a feed lost its place and must be opened again.
	ErrBroken  = errors.New("feed lost its place")
	errStopped = errors.New("journal is closed")
)

// Codes of the server that decide what an append may do next (nats-server 2.15, errors.json).
const (
	codeInsufficientResources = 10023
	codeStorageExceeded       = 10047
	codeStoreFailed           = 10077
	codeMessageTooLarge       = 10054
	codeHeaderTooLarge        = 10097
	codeWrongLastSequence     = 10071
	// codeWrongLastConstant is the same with replicas.
	codeWrongLastConstant = 10164
	// codeBatchIncomplete is the answer to a batch of which one message was refused on the way, without saying which, or
	// which found too many other batches open. The server forgot it whole.
	codeBatchIncomplete = 10176
	codeBatchTooMany    = 10210
)

// classify turns what the server or the client library said into one of the errors of this package; anything that leaves
// the outcome open is passed on as it is.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, nats.ErrMaxPayload) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	api, ok := errors.AsType[*jetstream.APIError](err)
	if !ok {
		return err
	}
	switch int(api.ErrorCode) {
	case codeInsufficientResources, codeStorageExceeded, codeStoreFailed:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case codeMessageTooLarge, codeHeaderTooLarge, codeBatchIncomplete, codeBatchTooMany:
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case codeWrongLastSequence, codeWrongLastConstant:
		return fmt.Errorf("%w: %w", ErrFenced, err)
	}
	return err
}
