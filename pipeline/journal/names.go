package journal

import "regexp"

var ( //nolint:gochecknoglobals // compiled once, never written
	serverURL  = regexp.MustCompile(`^(nats|tls|ws|wss)://[^\s/]+$`)
	prefixForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
)
