// Package dashboards makes what an operator looks at: the Grafana dashboards and the reference of all metrics. Both are generated, and
// its tests compare them with the files beside it; go test ./dashboards -update writes them anew.
//
// The alert rules of alerts.yaml are written by hand, with one paragraph each in runbook.md and a test of each in alerts_test.yaml,
// which promtool runs. With -tags integration a real Prometheus scrapes a real router, and every expression of every panel and every rule
// is asked of it.
//
// Expressions read a histogram in both of its forms, the classic buckets and the native ones: which of them a server keeps is its own
// configuration. Where a router tells of all partitions, as of backlogs, expressions take the maximum over routers, not the sum.
package dashboards
