package router

import (
	"errors"
	"fmt"
	"net"
	"time"

	"carillon/pipeline"
)

const (
	mostInFlight = 65536
	// shortestToken keeps a token from being guessed.
	shortestToken = 16
)

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
	// Listen is host:port for /metrics, /healthz, /readyz and the API.
	Listen string `koanf:"listen"`
	// Token is what a request to the API must carry as "Authorization: Bearer ...", at least 16 characters. Without a token there
	// is no API: whoever reaches it can read what is in the journal, and drop it.
	Token pipeline.Secret `koanf:"token"`
}

// DeliveryConfig is the part of the configuration under delivery: what concerns all sinks together.
type DeliveryConfig struct {
	// ForgetAfter is for how long a sink that is gone from the configuration holds back purging. Then it is forgotten: its position
	// and its parked meetings, not its dead letters. 0s: never; otherwise 1m or more.
	ForgetAfter time.Duration `koanf:"forget_after"`
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

// DefaultDelivery returns the defaults of delivery:.
func DefaultDelivery() DeliveryConfig { return DeliveryConfig{ForgetAfter: 24 * time.Hour} }

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
func (c *AdminConfig) Validate() error {
	err := checkListen(c.Listen)
	if n := len(c.Token.Reveal()); n > 0 && n < shortestToken {
		return errors.Join(err, fmt.Errorf("token: has fewer than %d characters", shortestToken))
	}
	return err
}

// Validate joins every problem; each begins with its key path.
func (c *DeliveryConfig) Validate() error {
	if c.ForgetAfter != 0 && c.ForgetAfter < time.Minute {
		return fmt.Errorf("forget_after: %s is neither 0s nor 1m or more", c.ForgetAfter)
	}
	return nil
}

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
