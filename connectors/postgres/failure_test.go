package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"carillon/pipeline"
)

// TestExplain_TableOfAnswers has the classes of SQLSTATE, and the codes that are not as the others of their class.
func TestExplain_TableOfAnswers(t *testing.T) {
	const (
		retry  = pipeline.ClassRetry
		reject = pipeline.ClassReject
	)
	for code, want := range map[string]pipeline.Class{
		"08006": retry,  // connection failure
		"0A000": retry,  // feature not supported: a cached plan after the table was changed
		"21000": retry,  // cardinality violation
		"22001": reject, // too long for a column of the user's
		"22003": reject, // out of range
		"22021": reject, // no character of the encoding
		"22P02": reject, // invalid text
		"22P05": reject, // what the encoding of the database, or jsonb, has no character for
		"23502": reject, // not null
		"23503": reject, // foreign key
		"23505": reject, // unique, of another index than that of the id
		"23514": reject, // check
		"23P01": reject, // exclusion
		"25006": retry,  // read only: a standby
		"28000": retry,  // not allowed to connect
		"28P01": retry,  // wrong password
		"3D000": retry,  // no such database
		"3F000": retry,  // no such schema
		"40001": retry,  // serialization
		"40P01": retry,  // deadlock
		"42501": retry,  // no permission
		"42703": retry,  // no such column
		"42P01": retry,  // no such table
		"42P10": retry,  // no unique index on the id
		"44000": reject, // condition of a view
		"53100": retry,  // disk full
		"53300": retry,  // too many connections
		"54000": reject, // limit
		"55P03": retry,  // lock not available
		"57014": retry,  // canceled, by statement_timeout
		"57P01": retry,  // shutdown
		"57P03": retry,  // starting
		"58030": retry,  // I/O
		"P0001": reject, // a trigger raises
		"P0002": retry,
		"P0004": reject, // a trigger asserts
		"XX000": retry,
		"XX001": retry, // corrupted
		"HV000": retry, // of a foreign table
		"":      retry,
	} {
		cause := fmt.Errorf("driver: %w", &pgconn.PgError{Code: code, Message: "value \"hidden\"\nis wrong", Detail: "Failing row contains (hidden)."})
		err := explain(t.Context(), cause, time.Second)
		got, wait := pipeline.Classify(err)
		require.Equal(t, want, got, code)
		require.Zero(t, wait)
		require.EqualError(t, err, "answered SQLSTATE "+code)
		require.Equal(t, `value "hidden" is wrong`, pipeline.Excerpt(err))
	}
}

func TestExplain_WithoutAnAnswer(t *testing.T) {
	for _, row := range []struct {
		cause error
		want  string
	}{
		{&net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}, "dial tcp: connection refused"},
		{context.DeadlineExceeded, "not done within 3s"},
		{os.ErrDeadlineExceeded, "not done within 3s"},
		{&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, "tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		{io.EOF, "closed the connection without an answer"},
		{io.ErrUnexpectedEOF, "closed the connection without an answer"},
		{errors.New("user=hidden database=hidden"), "the connection broke"},
	} {
		err := explain(t.Context(), fmt.Errorf("hidden: %w", row.cause), 3*time.Second)
		require.EqualError(t, err, row.want)
		class, _ := pipeline.Classify(err)
		require.Equal(t, pipeline.ClassRetry, class)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, context.Canceled, explain(ended, io.EOF, time.Second))
}

func TestExcerpt_IsShort(t *testing.T) {
	require.LessOrEqual(t, len(excerpt(strings.Repeat("é", pipeline.MaxExcerpt))), pipeline.MaxExcerpt)
}
