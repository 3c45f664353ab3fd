package router

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDefaultsAreValid(t *testing.T) {
	http, admin, shutdown := DefaultHTTP(), DefaultAdmin(), DefaultShutdown()
	require.NoError(t, http.Validate())
	require.NoError(t, admin.Validate())
	require.NoError(t, shutdown.Validate())
}

func TestValidateNamesEachKey(t *testing.T) {
	c := HTTPConfig{Listen: "8080", TLS: TLSConfig{Cert: "x"}, MaxInFlight: 65537}
	require.EqualError(t, c.Validate(), "listen: \"8080\" is not host:port, such as 127.0.0.1:8080\n"+
		"tls: cert and key must be set together\nmax_in_flight: 65537 is outside 1 to 65536")
	require.EqualError(t, (&ShutdownConfig{Drain: time.Hour}).Validate(), "drain: 1h0m0s is outside 0s to 10m")
	require.Error(t, (&AdminConfig{}).Validate())
}
