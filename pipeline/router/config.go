package router

import (
	"errors"
	"fmt"
	"net"
	"time"
)

const mostInFlight = 65536

// HTTPConfig is the part of the configuration under http: the listener that SNS and EventBridge post to.
type HTTPConfig struct {
	// Listen is host:port; an empty host means every interface. It is opened only when a source needs it.
	Listen string `koanf:"listen"`
	// TLS makes the listener speak HTTPS.
	TLS TLSConfig `koanf:"tls"`
	// MaxInFlight is how many requests may be in hand at once, 1 to 65536. Half of them is shared out evenly among the
	// sources that receive, the other half goes to whoever needs it. What is more is answered 503 at once, and AWS comes again.
	MaxInFlight int `koanf:"max_in_flight"`
}

// TLSConfig names a certificate. Both empty: plain HTTP. Changed files are taken up within seconds, without a restart; while
// they cannot be used the certificate from before stays.
type TLSConfig struct {
	// Cert is the path of a PEM file with the certificate and its chain.
	Cert string `koanf:"cert"`
	// Key is the path of a PEM file with the private key.
	Key string `koanf:"key"`
}

// AdminConfig is the part of the configuration under admin: the listener for operators.
type AdminConfig struct {
	// Listen is host:port for /metrics, /healthz and /readyz.
	Listen string `koanf:"listen"`
}

// ShutdownConfig is the part of the configuration under shutdown.
type ShutdownConfig struct {
	// Drain is how long a stop waits for sources, stages and sinks to settle what is in flight. What is not settled by
	// then stays in the journal. 0s to 10m.
	Drain time.Duration `koanf:"drain"`
}

// DefaultHTTP returns the defaults of http:.
func DefaultHTTP() HTTPConfig { return HTTPConfig{Listen: ":8080", MaxInFlight: 512} }

// DefaultAdmin returns the defaults of admin:.
func DefaultAdmin() AdminConfig { return AdminConfig{Listen: "127.0.0.1:9464"} }

// DefaultShutdown returns the defaults of shutdown:.
func DefaultShutdown() ShutdownConfig { return ShutdownConfig{Drain: 20 * time.Second} }

// Validate joins every problem; each begins with its key path.
func (c *HTTPConfig) Validate() error {
	errs := []error{checkListen(c.Listen)}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		errs = append(errs, errors.New("tls: cert and key must be set together"))
	}
	if c.MaxInFlight < 1 || c.MaxInFlight > mostInFlight {
		errs = append(errs, fmt.Errorf("max_in_flight: %d is outside 1 to %d", c.MaxInFlight, mostInFlight))
	}
	return errors.Join(errs...)
}

// Validate joins every problem; each begins with its key path.
func (c *AdminConfig) Validate() error { return checkListen(c.Listen) }

// Validate joins every problem; each begins with its key path.
func (c *ShutdownConfig) Validate() error {
	if c.Drain < 0 || c.Drain > 10*time.Minute {
		return fmt.Errorf("drain: %s is outside 0s to 10m", c.Drain)
	}
	return nil
}

func checkListen(addr string) error {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return fmt.Errorf("listen: %q is not host:port, such as 127.0.0.1:8080", addr)
	}
	return nil
}
