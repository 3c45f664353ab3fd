//go:build integration

package dashboards_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/dashboards"
)

func TestPromtool(t *testing.T) {
	require.Contains(t, promtool(t, "check", "rules", "alerts.yaml"), "SUCCESS")
	require.Contains(t, promtool(t, "test", "rules", "alerts_test.yaml"), "SUCCESS")
}

// empty are the expressions that return nothing while all is well, and why. One that returns something is to be taken out.
func empty() map[string]string {
	const nothingFails, noneAhead = "nothing fails", "no event is from the future"
	return map[string]string{
		"delivery-lag.json: Attempts not accepted A": nothingFails,
		"pipeline.json: Quarantined A":               "everything can be read",
		"pipeline.json: Gaps A":                      "only mode causal has gaps",
		"pipeline.json: Errands A":                   "no operator asks for anything",
		"paths.json: Disagreements A":                "copies are alike",
		"paths.json: Ahead of our clock, p99 A":      noneAhead,
		"paths.json: Refused requests A":             nothingFails,
		"paths.json: Refused requests B":             nothingFails,
	}
}

// TestPrometheus runs a whole router with traffic over three paths, and two Prometheus that scrape it: one that keeps the classic
// buckets of histograms and one that keeps the native ones. Everything has to be true of both.
func TestPrometheus(t *testing.T) {
	r := start(t, rigOptions{order: "{mode: time, window: 200ms}", grace: 2 * time.Second})
	x := connect(t, r)
	servers := []*server{newServer(t, "classic", r.router.AdminAddr(), ""), newServer(t, "native", r.router.AdminAddr(), "native-histograms")}
	r.await(t, "paths judged", func() bool { return r.sum(t, "carillon_dedupe_judged_total", "", "") > 0 })
	hold(t, 15*time.Second) // Until the windows of all panels are full.
	t.Run("panels", func(t *testing.T) {
		for _, s := range servers {
			checkPanels(t, s)
		}
	})
	calm(t, servers, nil)
	for _, f := range faults(r, x) {
		t.Run(f.name, func(t *testing.T) {
			begin := time.Now()
			f.begin()
			defer f.end()
			f.fires(t, servers)
			f.end()
			calm(t, servers, f.want)
			t.Logf("calm after %s", time.Since(begin).Round(time.Second))
		})
	}
}

// checkPanels asks for every expression of every panel.
func checkPanels(t *testing.T, s *server) {
	t.Helper()
	without, asked := empty(), 0
	for file, d := range dashboards.Dashboards() {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				asked++
				name := fmt.Sprintf("%s: %s %s", file, p.Title, target.RefID)
				got := s.query(t, filledIn(target.Expr), target.Instant)
				reason, listed := without[name]
				delete(without, name)
				if listed {
					require.Empty(t, got, "%s: %s returns something although %q", s.name, name, reason)
				} else {
					require.NotEmpty(t, got, "%s: %s\n%s", s.name, name, target.Expr)
				}
			}
		}
		for _, v := range d.Templating.List[1:] {
			metric, label, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(v.Definition, "label_values("), ")"), ", "+v.Name)
			require.Empty(t, label)
			require.NotEmpty(t, s.query(t, "count by ("+v.Name+") ("+filledIn(metric)+")", true), v.Name)
		}
	}
	require.Empty(t, without, "no such expression")
	t.Logf("%s: %d expressions, %d of them empty as expected", s.name, asked, len(empty()))
}

// filledIn replaces Grafana's variables as it does when everything is chosen.
func filledIn(expr string) string {
	return strings.NewReplacer("$__rate_interval", "5s", "$__range", "15s", "$job", ".*", "$instance", ".*", "$source", ".*", "$sink", ".*").Replace(expr)
}

// hold waits because only time can tell.
func hold(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// calm waits until nothing fires, or is about to. Meanwhile nothing fires but what did: an end is no new trouble.
func calm(t *testing.T, servers []*server, fired []string) {
	t.Helper()
	quiet := time.Now()
	watch(t, 3*limit, func() bool {
		for _, s := range servers {
			if len(s.alerts(t, "pending|firing")) > 0 {
				quiet = time.Now()
			}
			only(t, s, fired)
		}
		return time.Since(quiet) > 5*time.Second
	})
}

// only expects nothing to fire but these, and returns how many do.
func only(t *testing.T, s *server, want []string) int {
	t.Helper()
	got := s.alerts(t, "firing")
	for name := range got {
		require.Contains(t, want, name, "%s: it fires too", s.name)
	}
	return len(got)
}

// watch calls f until it returns true. Unlike those of require.Eventually its checks run on the goroutine of the test.
func watch(t *testing.T, most time.Duration, f func() bool) {
	t.Helper()
	end := time.Now().Add(most)
	for !f() {
		require.True(t, time.Now().Before(end), "not within %s", most)
		hold(t, scrape)
	}
}

// lasts is for how long a fault goes on after its alerts fire, so that others have the time to.
const lasts = 3 * time.Second

// fault is something that goes wrong, and the alerts that have to tell of it: these and no others.
type fault struct {
	name       string
	begin, end func()
	want       []string
}

// fires expects the alerts of a fault on every server, and no other one before.
func (f *fault) fires(t *testing.T, servers []*server) {
	t.Helper()
	begin := time.Now()
	all := func() bool {
		n := 0
		for _, s := range servers {
			n += only(t, s, f.want)
		}
		return n == len(servers)*len(f.want)
	}
	watch(t, 2*limit, all)
	t.Logf("%v after %s", f.want, time.Since(begin).Round(100*time.Millisecond))
	more := time.Now().Add(lasts)
	watch(t, limit, func() bool { return all() && time.Now().After(more) })
}

func faults(r *rig, x *traffic) []fault {
	ok := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	well := func() { r.far.answers(ok) }
	aws := func(name string, w trouble, want ...string) fault {
		return fault{name: name, begin: func() { x.begins(w) }, end: x.heal, want: want}
	}
	far := func(name string, h http.HandlerFunc, want ...string) fault {
		return fault{name: name, begin: func() { r.far.answers(h) }, end: well, want: want}
	}
	var n atomic.Int64
	return []fault{
		aws("a path is cut", trouble{lost: map[string]float64{"sqs": 1}}, "CarillonPathSilent sqs"),
		aws("a path loses a fifth", trouble{lost: map[string]float64{"sns": 0.2}}, "CarillonPathLosing sns"),
		aws("a flood of what nobody can read", trouble{unreadable: 1}, "CarillonQuarantineGrowing sqs"),
		aws("our clock is behind", trouble{ahead: 3 * time.Second}, "CarillonClockSkew sqs", "CarillonClockSkew sns", "CarillonClockSkew eventbridge"),
		aws("a path tells of other times", trouble{split: 20}, "CarillonSuspectedSplits"),
		far("a sink rejects some", func(w http.ResponseWriter, req *http.Request) {
			if n.Add(1)%20 == 0 {
				w.WriteHeader(http.StatusUnprocessableEntity)
				return
			}
			ok(w, req)
		}, "CarillonDeadLettersGrowing webhook"),
		far("a sink is away", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, "CarillonSinkHeldBack webhook outage"),
		far("a sink is slow", func(w http.ResponseWriter, req *http.Request) {
			select {
			case <-time.After(4 * time.Second):
			case <-req.Context().Done():
			}
			ok(w, req)
		}, "CarillonDeliveryLagBurning webhook"),
	}
}
