//go:build integration

package sqs_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSourceOnFauxqs runs the suite against an emulator that others wrote: start testdata/fauxqs/serve.mjs and set
// CARILLON_TEST_FAUXQS to where it listens, such as http://127.0.0.1:4566.
func TestSourceOnFauxqs(t *testing.T) {
	endpoint := os.Getenv("CARILLON_TEST_FAUXQS")
	require.NotEmpty(t, endpoint, "CARILLON_TEST_FAUXQS must be the URL of a running fauxqs")
	suite(t, endpoint)
}
