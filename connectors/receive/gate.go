package receive

import (
	"context"
	"sync"

	"carillon/pipeline"
)

// Gate lets requests in between the start and the end of Run. The zero value is closed.
type Gate struct {
	mu     sync.Mutex
	out    pipeline.Emitter
	inHand sync.WaitGroup
}

// Enter admits one request while the gate is open: it returns the emitter and leave, which must be called once when the
// request has been answered. While the gate is closed ok is false and the other results are nil.
func (g *Gate) Enter() (out pipeline.Emitter, leave func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.out == nil {
		return nil, nil, false
	}
	g.inHand.Add(1)
	return g.out, g.inHand.Done, true
}

// Run opens the gate until ctx ends, closes it, and returns once every admitted request has left. It does not cut their
// work short: what was taken is stored and acknowledged (I1). Run is called once.
func (g *Gate) Run(ctx context.Context, out pipeline.Emitter) {
	g.set(out)
	<-ctx.Done()
	g.set(nil)
	g.inHand.Wait()
}

func (g *Gate) set(out pipeline.Emitter) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.out = out
}
