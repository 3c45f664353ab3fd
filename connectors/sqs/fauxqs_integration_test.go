//go:build integration

package sqs_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/connectors/connectortest"
)

// fauxqs returns where an emulator that others wrote listens: start testdata/fauxqs/serve.mjs and set CARILLON_TEST_FAUXQS,
// such as http://127.0.0.1:4566.
func fauxqs(t *testing.T) string {
	t.Helper()
	endpoint := os.Getenv("CARILLON_TEST_FAUXQS")
	require.NotEmpty(t, endpoint, "CARILLON_TEST_FAUXQS must be the URL of a running fauxqs")
	return endpoint
}

func TestSourceOnFauxqs(t *testing.T) { suite(t, fauxqs(t)) }

func TestAcceptanceOnFauxqs(t *testing.T) { connectortest.Source(t, fauxqsDriver(false)) }

func TestAcceptanceOfFIFOOnFauxqs(t *testing.T) { connectortest.Source(t, fauxqsDriver(true)) }

// fauxqsDriver makes drivers with a queue at fauxqs, where time is the wall's.
func fauxqsDriver(fifo bool) func(*testing.T) connectortest.SourceDriver {
	return func(t *testing.T) connectortest.SourceDriver {
		t.Helper()
		return newFauxqsDriver(t, fifo)
	}
}

func newFauxqsDriver(t *testing.T, fifo bool) connectortest.SourceDriver {
	t.Helper()
	endpoint := fauxqs(t)
	s := newStage(t, endpoint, fifo, 1)
	d := s.driver(t)
	if fifo {
		d.Whole, d.Waived[connectortest.Parts] = true, "a message that is not deleted holds back those of its group"
	}
	d.Again = func() {} // a second is soon
	d.Pending = func() []string { return inspect(t, endpoint, s.url) }
	d.Waived[connectortest.Complain] = "it deletes what is gone without a word"
	d.Close = func() {
		s.front.close()
		s.close()
	}
	return d
}
