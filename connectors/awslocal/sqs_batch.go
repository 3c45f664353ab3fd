package awslocal

import (
	"strings"
)

// nothing is the answer of an operation that has none.
type nothing struct{}

// batchFailure is one failed entry of a batch.
type batchFailure struct {
	ID          string `json:"Id"`
	Code        string `json:"Code"`
	Message     string `json:"Message"`
	SenderFault bool   `json:"SenderFault"`
}

// batchResult is the answer to a batch: HTTP 200 whatever became of its entries.
type batchResult struct {
	Successful []any          `json:"Successful,omitempty"`
	Failed     []batchFailure `json:"Failed,omitempty"`
}

// add notes what became of the entry id.
func (b *batchResult) add(id string, ok any, err error) {
	if err == nil {
		b.Successful = append(b.Successful, ok)
		return
	}
	ae := asAPIError(err)
	b.Failed = append(b.Failed, batchFailure{
		ID: id, Code: ae.queryCode(), Message: ae.Message, SenderFault: ae.sender(),
	})
}

type batchOK struct {
	ID string `json:"Id"`
}

// checkBatch refuses a batch as a whole, by the ids of its entries.
func checkBatch(ids []string) error {
	switch {
	case len(ids) == 0:
		return simpleQueueError("EmptyBatchRequest", "EmptyBatchRequest", "There should be at least one entry in the request.")
	case len(ids) > maxReceiveBatch:
		return simpleQueueError("TooManyEntriesInBatchRequest", "TooManyEntriesInBatchRequest",
			"Maximum number of entries per request are 10.")
	}
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if id == "" || len(id) > 80 || strings.ContainsFunc(id, func(r rune) bool { return !isNameRune(r) }) {
			return simpleQueueError("InvalidBatchEntryId", "InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[id] {
			return simpleQueueError("BatchEntryIdsNotDistinct", "BatchEntryIdsNotDistinct", "Id "+id+" repeated.")
		}
		seen[id] = true
	}
	return nil
}

// idsOf lists the ids of entries.
func idsOf[E any](entries []E, id func(*E) string) []string {
	ids := make([]string, len(entries))
	for i := range entries {
		ids[i] = id(&entries[i])
	}
	return ids
}
