package file

import (
	"time"

	"carillon/connectors/lines"
	"carillon/pipeline"
)

// tendEvery is how often an idle file is looked at for its age.
const tendEvery = time.Second

// Factory declares the sink.
func Factory() pipeline.SinkFactory {
	return pipeline.NewSinkFactory("file", DefaultConfig, newSink)
}

func newSink(cfg Config, set pipeline.Settings) (pipeline.Sink, error) {
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
	return lines.New(o, set), nil
}
