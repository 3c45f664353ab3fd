package file

import (
	"fmt"
	"time"

	"carillon/connectors/lines"
	"carillon/pipeline"
)

// tendEvery is how often an idle file is looked at for its age.
const tendEvery = time.Second

// Factory declares the sink.
func Factory() pipeline.SinkFactory {
	return pipeline.SinkFactory{
		Type: "file",
		Config: func() pipeline.Config {
			cfg := DefaultConfig()
			return &cfg
		},
		New: func(c pipeline.Config, set pipeline.Settings) (pipeline.Sink, error) {
			cfg, ok := c.(*Config)
			if !ok {
				return nil, fmt.Errorf("building file sink %q: got a %T for its configuration", set.ID, c)
			}
			return newSink(*cfg, set), nil
		},
	}
}

func newSink(cfg Config, set pipeline.Settings) pipeline.Sink {
	r := newRotation(cfg, set)
	o := lines.Options{
		Check: checker(cfg.Path), Component: "file", Name: cfg.Path, Format: cfg.Format, Sync: cfg.Fsync, Interval: cfg.FsyncInterval,
		Open: func() (lines.Handle, bool, error) { return r.openPath(cfg.Path, cfg.Fsync == lines.SyncAlways) },
	}
	if cfg.Fsync == lines.SyncInterval {
		o.Tend = cfg.FsyncInterval
	}
	if cfg.Rotate.MaxAge > 0 && (o.Tend == 0 || o.Tend > tendEvery) {
		o.Tend = tendEvery
	}
	return lines.New(o, set)
}
