package dashboards

// Grafana's grid has 24 columns.
const columns = 24

// board lays panels out: rows from top to bottom, in each the panels from left to right.
type board struct {
	panels []*Panel
	x, y   int
	line   int // the height of the present line
}

// row begins a row with a title and puts panels into it.
func (b *board) row(title string, panels ...*Panel) {
	b.feed()
	open := false
	b.panels = append(b.panels, &Panel{
		Type: "row", Title: title, ID: len(b.panels) + 1, Collapsed: &open, Panels: &[]*Panel{}, GridPos: GridPos{H: 1, W: columns, Y: b.y},
	})
	b.y++
	for _, p := range panels {
		b.put(p)
	}
}

func (b *board) put(p *Panel) {
	if b.x+p.GridPos.W > columns {
		b.feed()
	}
	p.ID, p.GridPos.X, p.GridPos.Y = len(b.panels)+1, b.x, b.y
	b.x += p.GridPos.W
	b.line = max(b.line, p.GridPos.H)
	b.panels = append(b.panels, p)
}

// feed begins a new line.
func (b *board) feed() { b.x, b.y, b.line = 0, b.y+b.line, 0 }

// dashboard returns the board with what all of them have in common.
func (b *board) dashboard(uid, title, description, from string) *Dashboard {
	return &Dashboard{
		UID: uid, Title: title, Description: description, Panels: b.panels,
		Annotations: annotations{List: []annotation{{
			Datasource: source(), Enable: true, Name: "Alerts", IconColor: "red",
			Expr:        `ALERTS{alertname=~"Carillon.*", alertstate="firing"}`,
			TitleFormat: "{{alertname}}", TextFormat: "{{source}} {{sink}} {{partition}} {{stream}}",
		}}},
		Editable: true, GraphTooltip: 1, Refresh: "30s", SchemaVersion: schemaVersion, Tags: []string{"carillon"},
		Links: []link{{
			AsDropdown: false, IncludeVars: true, KeepTime: true, Tags: []string{"carillon"}, Title: "Carillon", Type: "dashboards",
		}},
		Templating: templating{List: variables()}, Time: timeRange{From: from, To: "now"}, Timezone: "browser", Version: 1,
	}
}

// source is the data source that the reader chooses.
func source() ref { return ref{Type: "prometheus", UID: "${datasource}"} }

// variables returns what the reader can choose by, the same on every dashboard.
func variables() []variable {
	return []variable{
		{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1, Options: []string{}},
		labelValues("job", "Job", `carillon_build_info`),
		labelValues("instance", "Instance", `carillon_build_info{job=~"$job"}`),
		labelValues("source", "Source", `carillon_ingest_received_total{job=~"$job", instance=~"$instance"}`),
		labelValues("sink", "Sink", `carillon_deliver_delivered_total{job=~"$job", instance=~"$instance"}`),
	}
}

func labelValues(name, label, of string) variable {
	at, query := source(), "label_values("+of+", "+name+")"
	return variable{
		Name: name, Label: label, Type: "query", Datasource: &at, Definition: query,
		Query:   labelQuery{QryType: 1, Query: query, RefID: "PrometheusVariableQueryEditor-VariableQuery"},
		Current: current{Selected: true, Text: []string{"All"}, Value: []string{"$__all"}}, IncludeAll: true, Multi: true, AllValue: ".*", Refresh: 2, Sort: 1, Options: []string{},
	}
}
