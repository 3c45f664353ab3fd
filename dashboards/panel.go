package dashboards

// pluginVersion is what the options of panels are written for.
const pluginVersion = "11.0.0"

// refID names the expressions of a panel: A, B, C.
func refID(i int) string { return "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i : i+1] }

// expr is an expression and what its lines are called.
func expr(query, legend string) Target {
	return Target{Datasource: source(), EditorMode: "code", Expr: query, Format: "time_series", LegendFormat: legend, Range: true}
}

// now makes an expression be asked for one moment only.
func now(t Target) Target {
	t.Instant, t.Range = true, false
	return t
}

// panel is what all kinds have in common.
func panel(kind, title, description, unit string, w, h int, targets []Target) *Panel {
	at := source()
	for i := range targets {
		targets[i].RefID = refID(i)
	}
	return &Panel{
		Type: kind, Title: title, Description: description, Datasource: &at, GridPos: GridPos{W: w, H: h}, PluginVersion: pluginVersion,
		Targets: targets, FieldConfig: &fieldConfig{
			Defaults: fieldDefaults{
				Unit: unit, Color: map[string]string{"mode": "palette-classic"}, Mappings: []any{},
				Thresholds: thresholds{Mode: "absolute", Steps: []step{{Color: "green"}}},
			},
			Overrides: []override{},
		},
	}
}

// lines is a graph over time.
func lines(title, description, unit string, w int, targets ...Target) *Panel {
	p := panel("timeseries", title, description, unit, w, 8, targets)
	zero := 0.0
	p.FieldConfig.Defaults.Min = &zero
	p.FieldConfig.Defaults.Custom = map[string]any{
		"axisBorderShow": false, "axisCenteredZero": false, "axisColorMode": "text", "axisLabel": "", "axisPlacement": "auto",
		"barAlignment": 0, "drawStyle": "line", "fillOpacity": 8, "gradientMode": "none",
		"hideFrom":    map[string]bool{"legend": false, "tooltip": false, "viz": false},
		"insertNulls": false, "lineInterpolation": "linear", "lineWidth": 1, "pointSize": 4,
		"scaleDistribution": map[string]any{"type": "linear"}, "showPoints": "auto", "spanNulls": false,
		"stacking": map[string]any{"group": "A", "mode": "none"}, "thresholdsStyle": map[string]string{"mode": "off"},
	}
	p.Options = map[string]any{
		"legend":  map[string]any{"calcs": []string{"lastNotNull", "max"}, "displayMode": "table", "placement": "bottom", "showLegend": true},
		"tooltip": map[string]string{"mode": "multi", "sort": "desc"},
	}
	return p
}

// stacked makes the lines of a graph stand on each other.
func (p *Panel) stacked() *Panel {
	p.FieldConfig.Defaults.Custom["stacking"] = map[string]any{"group": "A", "mode": "normal"}
	p.FieldConfig.Defaults.Custom["fillOpacity"] = 25
	return p
}

// wide makes small and large values visible together.
func (p *Panel) wide() *Panel {
	p.FieldConfig.Defaults.Custom["scaleDistribution"] = map[string]any{"type": "log", "log": 10}
	p.FieldConfig.Defaults.Min = nil // There is no zero on it.
	return p
}

// limits colours values from these on yellow and red.
func (p *Panel) limits(yellow, red float64) *Panel {
	p.FieldConfig.Defaults.Thresholds.Steps = []step{{Color: "green"}, {Color: "yellow", Value: &yellow}, {Color: "red", Value: &red}}
	if p.Type == "timeseries" {
		p.FieldConfig.Defaults.Custom["thresholdsStyle"] = map[string]string{"mode": "dashed"}
		return p
	}
	p.FieldConfig.Defaults.Color["mode"] = "thresholds"
	return p
}

// none says what stands where there is no value.
func (p *Panel) none(text string) *Panel {
	p.FieldConfig.Defaults.NoValue = text
	return p
}

// lastValue reduces a line to one number.
func lastValue() map[string]any {
	return map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false}
}

// number is the present value in large letters.
func number(title, description, unit string, w int, targets ...Target) *Panel {
	p := panel("stat", title, description, unit, w, 5, targets)
	p.Options = map[string]any{
		"colorMode": "value", "graphMode": "area", "justifyMode": "auto", "orientation": "auto", "percentChangeColorMode": "standard",
		"reduceOptions": lastValue(), "showPercentChange": false, "textMode": "auto", "wideLayout": true,
	}
	p.FieldConfig.Defaults.Color["mode"] = "thresholds"
	return p
}

// bars compares the present values of a few.
func bars(title, description, unit string, targets ...Target) *Panel {
	for i := range targets {
		targets[i] = now(targets[i])
	}
	p := panel("bargauge", title, description, unit, 8, 8, targets)
	zero := 0.0
	p.FieldConfig.Defaults.Min = &zero
	p.Options = map[string]any{
		"displayMode": "gradient", "maxVizHeight": 300, "minVizHeight": 16, "minVizWidth": 8, "namePlacement": "auto",
		"orientation": "horizontal", "reduceOptions": lastValue(), "showUnfilled": true, "sizing": "auto", "valueMode": "color",
	}
	return p
}

// heat shows how values are spread over time; unit is that of the values.
func heat(title, description, unit string, w int, query string) *Panel {
	t := expr(query, "{{le}}")
	t.Format = "heatmap"
	p := panel("heatmap", title, description, "short", w, 9, []Target{t})
	p.FieldConfig.Defaults.Custom = map[string]any{
		"hideFrom": map[string]bool{"legend": false, "tooltip": false, "viz": false}, "scaleDistribution": map[string]any{"type": "linear"},
	}
	p.Options = map[string]any{
		"calculate": false, "cellGap": 1,
		"color": map[string]any{
			"exponent": 0.5, "fill": "dark-orange", "mode": "scheme", "reverse": false, "scale": "exponential", "scheme": "Oranges", "steps": 64,
		},
		"exemplars": map[string]string{"color": "rgba(255,0,255,0.7)"}, "filterValues": map[string]float64{"le": 1e-9},
		"legend": map[string]bool{"show": true}, "rowsFrame": map[string]string{"layout": "auto"},
		"tooltip": map[string]any{"mode": "single", "showColorScale": false, "yHistogram": true},
		"yAxis":   map[string]any{"axisPlacement": "left", "reverse": false, "unit": unit},
	}
	return p
}

// states shows when something was 1 and when 0, in the words for both.
func states(title, description string, w int, zero, one string, targets ...Target) *Panel {
	p := panel("state-timeline", title, description, "none", w, 8, targets)
	p.FieldConfig.Defaults.Color["mode"] = "thresholds"
	p.FieldConfig.Defaults.Custom = map[string]any{
		"fillOpacity": 70, "hideFrom": map[string]bool{"legend": false, "tooltip": false, "viz": false}, "insertNulls": false, "lineWidth": 0, "spanNulls": false,
	}
	p.FieldConfig.Defaults.Mappings = []any{map[string]any{"type": "value", "options": map[string]any{
		"0": map[string]any{"color": "green", "index": 0, "text": zero}, "1": map[string]any{"color": "red", "index": 1, "text": one},
	}}}
	p.Options = map[string]any{
		"alignValue": "left", "legend": map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": false},
		"mergeValues": true, "rowHeight": 0.8, "showValue": "auto", "tooltip": map[string]string{"mode": "single", "sort": "none"},
	}
	return p
}
