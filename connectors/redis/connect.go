package redis

import (
	"context"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	dialTimeout = 5 * time.Second
	// maxConns is how many transactions may be on their way at once. A Write that finds none free waits for one.
	maxConns = 64
	// idleTimeout is how long an unused connection is kept.
	idleTimeout = 90 * time.Second
)

// Start implements pipeline.Starter. It reads the files, so that a wrong one stops the router from starting. Connections are made
// when they are needed.
func (s *sink) Start(context.Context) error {
	opts, err := parseURL(s.url)
	if err != nil {
		return err
	}
	if !s.tls.IsZero() {
		if opts.TLSConfig, err = s.tls.Load(); err != nil {
			return err
		}
		if host, _, err := net.SplitHostPort(opts.Addr); err == nil {
			opts.TLSConfig.ServerName = host
		}
	}
	logging.Disable() // The client writes to the standard error by itself; what it says is in the errors of Write as well.
	opts.ClientName = "carillon"
	opts.Protocol = 2 // Nothing is pushed to who only appends.
	opts.DisableIdentity = true
	opts.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	opts.MaxRetries, opts.DialerRetries = -1, 1 // Retries are the router's.
	opts.ContextTimeoutEnabled = true
	opts.DialTimeout, opts.ReadTimeout, opts.WriteTimeout, opts.PoolTimeout = min(dialTimeout, s.timeout), s.timeout, s.timeout, s.timeout
	opts.PoolSize, opts.ConnMaxIdleTime = maxConns, idleTimeout
	s.client = goredis.NewClient(opts)
	return nil
}

// append runs the commands as one transaction, in their order, and returns the error of each. It returns when ctx ends, which the
// client does not do while it reads: a transaction that is left behind so lands whole or not at all, and makes repeats at most.
func (s *sink) append(ctx context.Context, entries []*goredis.XAddArgs) []error {
	done := make(chan []error, 1)
	s.calls.Go(func() { done <- s.transact(ctx, entries) })
	select {
	case errs := <-done:
		return errs
	case <-ctx.Done():
		errs := make([]error, len(entries))
		for i := range errs {
			errs[i] = ctx.Err()
		}
		return errs
	}
}

func (s *sink) transact(ctx context.Context, entries []*goredis.XAddArgs) []error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	commands := make([]*goredis.StringCmd, len(entries))
	_, err := s.client.TxPipelined(ctx, func(p goredis.Pipeliner) error {
		for i, e := range entries {
			commands[i] = p.XAdd(ctx, e)
		}
		return nil
	})
	errs := make([]error, len(entries))
	if err == nil {
		return errs
	}
	reason := reasonOf(err, commands)
	for i, c := range commands {
		// Without an id nothing was appended, whatever the client says of the command: the server may have forgotten it all.
		if errs[i] = c.Err(); errs[i] == nil && c.Val() == "" || goredis.HasErrorPrefix(errs[i], "EXECABORT") {
			errs[i] = reason
		}
	}
	return errs
}

// reasonOf returns why a transaction was given up. EXECABORT says only that one of the commands was refused before.
func reasonOf(err error, commands []*goredis.StringCmd) error {
	for _, c := range commands {
		if e := c.Err(); e != nil && !goredis.HasErrorPrefix(e, "EXECABORT") {
			return e
		}
	}
	return err
}
