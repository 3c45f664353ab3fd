package dashboards

// column is one column of a table.
type column struct {
	title, unit, query string
	yellow, red        float64 // from where it is coloured; 0: never
}

// table shows one line for each value of a label, with a column for each expression.
func table(title, description, label, heading string, w, h int, cols ...column) *Panel {
	targets := make([]Target, len(cols))
	rename, order, hide := map[string]string{label: heading}, map[string]int{label: 0}, map[string]bool{"Time": true}
	var overrides []override
	for i, c := range cols {
		targets[i] = now(expr(c.query, "__auto"))
		targets[i].Format = "table"
		name := "Value"
		if len(cols) > 1 {
			name = "Value #" + refID(i)
		}
		rename[name], order[name] = c.title, i+1
		overrides = append(overrides, c.override())
	}
	p := panel("table", title, description, "short", w, h, targets)
	p.FieldConfig.Defaults.Custom = map[string]any{"align": "auto", "cellOptions": map[string]string{"type": "auto"}, "inspect": false}
	p.FieldConfig.Overrides = overrides
	p.Options = map[string]any{
		"cellHeight": "sm", "footer": map[string]any{"countRows": false, "fields": "", "reducer": []string{"sum"}, "show": false}, "showHeader": true,
		"sortBy": []any{},
	}
	p.Transformations = []transformation{
		{ID: "merge", Options: map[string]any{}},
		{ID: "organize", Options: map[string]any{"excludeByName": hide, "indexByName": order, "renameByName": rename}},
	}
	return p
}

func (c column) override() override {
	o := override{Matcher: matcher{ID: "byName", Options: c.title}, Properties: []property{{ID: "unit", Value: c.unit}}}
	if c.red > 0 {
		o.Properties = append(o.Properties,
			property{ID: "custom.cellOptions", Value: map[string]string{"type": "color-text"}},
			property{ID: "color", Value: map[string]string{"mode": "thresholds"}},
			property{ID: "thresholds", Value: thresholds{Mode: "absolute", Steps: []step{{Color: "green"}, {Color: "yellow", Value: &c.yellow}, {Color: "red", Value: &c.red}}}})
	}
	return o
}
