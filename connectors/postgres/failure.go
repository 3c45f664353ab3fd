package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5/pgconn"

	"carillon/pipeline"
)

// answerError is an error that the server answered. Its text may quote the row, so it is kept for the dead letter alone.
type answerError struct {
	code string
	text string
}

func (e *answerError) Error() string { return "answered SQLSTATE " + e.code }

// Excerpt implements pipeline.Excerpter.
func (e *answerError) Excerpt() string { return e.text }

// refuses is the table of answers: whether this code is about an event, so that the same event will never be accepted. All
// others are about the server, the tables or the permissions; these are mended by somebody, and until then the events wait
// instead of going to the dead letters.
func refuses(code string) bool {
	if len(code) != 5 {
		return false
	}
	switch code[:2] {
	case "22", // the value does not fit: no such character, out of range, JSON that the type of the column does not take
		"23", // a constraint
		"44", // the condition of a view
		"54": // a limit, such as the size of an entry of an index
		return true
	}
	return code == "P0001" || code == "P0004" // a trigger says no
}

// misplaced reports whether the code says that the configuration does not fit the database, so that it is better not to start.
func misplaced(code string) bool {
	if len(code) != 5 {
		return false
	}
	switch code[:2] {
	case "28", // who is it?
		"3D", // no such database
		"3F", // no such schema
		"42", // tables, columns and permissions
		"0A": // cannot be done
		return true
	}
	return false
}

// explain says why a transaction failed, with the class of that. What drivers report may quote the URL, and what servers report
// the row, so only what is known not to is passed on.
func explain(ctx context.Context, err error, timeout time.Duration) error {
	if ctx.Err() != nil { // the caller's context, not the one with the timeout
		return ctx.Err()
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		said := &answerError{code: pg.Code, text: excerpt(pg.Message)}
		if refuses(pg.Code) {
			return pipeline.Reject(said)
		}
		return said
	}
	var network net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout() {
		return fmt.Errorf("not done within %s", timeout)
	}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificate
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("closed the connection without an answer")
	}
	return errors.New("the connection broke")
}

// excerpt returns text on one line and short enough.
func excerpt(text string) string {
	var b strings.Builder
	for _, r := range text {
		if !unicode.IsPrint(r) {
			r = ' '
		}
		if b.Len()+len(string(r)) > pipeline.MaxExcerpt {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}
