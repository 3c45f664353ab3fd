package bench

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"carillon/pipeline"
	"carillon/pipeline/order"
)

// latency measures every order mode with its default settings.
func (b *bench) latency(ctx context.Context) error {
	b.report.Latency, b.report.LatencyRate = map[string]Quantiles{}, b.options.Rate
	for _, c := range modes() {
		_, _ = fmt.Fprintf(b.progress, "  mode %s\n", c.Mode)
		err := b.inDir(func(dir string) error {
			q, err := b.latencyOf(ctx, dir, c)
			b.report.Latency[string(c.Mode)] = q
			return err
		})
		if err != nil {
			return fmt.Errorf("measuring mode %s: %w", c.Mode, err)
		}
	}
	return nil
}

// modes returns the default configuration of every order mode that this binary has.
func modes() []order.Config {
	var all []order.Config
	for _, mode := range []order.Mode{order.ModeNone, order.ModeTime, order.ModeCausal, order.ModeAdaptive} {
		c := order.DefaultConfig()
		c.Mode = mode
		if c.Validate() == nil {
			all = append(all, c)
		}
	}
	return all
}

func (b *bench) latencyOf(ctx context.Context, dir string, c order.Config) (Quantiles, error) {
	warm := int(b.options.size.warmup.Seconds() * float64(b.options.Rate))
	n := warm + int(b.options.For.Seconds()/2*float64(b.options.Rate))
	s, err := newStock(newCalendar(min(b.options.Meetings, smallScale), b.options.Seed, b.base), max(n, 1), 0)
	if err != nil {
		return Quantiles{}, err
	}
	p := &pace{stock: s, gap: time.Second / time.Duration(b.options.Rate), took: make([]time.Duration, s.len()), base: b.base}
	r, err := startRig(ctx, dir, b.options.Partitions, c, b.logger, p.seen)
	if err != nil {
		return Quantiles{}, err
	}
	r.sink.goal.expect(s.len())
	p.begin.Store(new(time.Now().Add(time.Second))) // The consumers settle meanwhile.
	err = p.run(ctx, r)
	if err == nil {
		err = r.sink.goal.wait(ctx, nil)
	}
	err = errors.Join(err, r.stop(ctx))
	return quantiles(p.took[min(warm, s.len()-1):]), err
}

// lags returns by how much the copies on each path come after those on the first.
func lags() [copies]time.Duration {
	return [copies]time.Duration{0, 20 * time.Millisecond, 50 * time.Millisecond}
}

// pace sends events at a fixed rate, whatever becomes of those before.
type pace struct {
	stock *stock
	gap   time.Duration
	base  int64
	begin atomic.Pointer[time.Time]
	took  []time.Duration // by event: from when its first copy was due to its acceptance
}

// due returns when a path brings event i.
func (p *pace) due(path, i int) time.Time {
	return p.begin.Load().Add(time.Duration(i)*p.gap + lags()[path])
}

// seen notes that the sink accepts e. Every event comes once, and the goal of the sink is reached after all of them.
func (p *pace) seen(e *pipeline.Event) {
	i := int(e.Time.UnixMilli() - p.base)
	p.took[i] = time.Since(p.due(0, i))
}

// run sends everything and returns when all was answered.
func (p *pace) run(ctx context.Context, r *rig) error {
	g, ctx := errgroup.WithContext(ctx)
	for path := range copies {
		jobs := make(chan int, p.stock.len()) // Never full: a busy router must not slow the senders down.
		g.Go(func() error {
			defer close(jobs)
			return p.send(ctx, path, jobs)
		})
		for range emitters {
			g.Go(func() error {
				for i := range jobs {
					if err := r.out[path].Emit(ctx, pipeline.Notification{Body: p.stock.body(path, i)}); err != nil {
						return fmt.Errorf("emitting: %w", err)
					}
				}
				return nil
			})
		}
	}
	return g.Wait()
}

// send puts every event into jobs when it is due.
func (p *pace) send(ctx context.Context, path int, jobs chan<- int) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := range p.stock.len() {
		if wait := time.Until(p.due(path, i)); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		jobs <- i
	}
	return nil
}
