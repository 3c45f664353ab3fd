package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// schemaVersion is that of Grafana 11.0; later ones take it as it is.
const schemaVersion = 39

// Dashboard is what Grafana imports. Fields that Grafana fills in by itself are left out.
type Dashboard struct {
	Annotations   annotations `json:"annotations"`
	Description   string      `json:"description"`
	Editable      bool        `json:"editable"`
	GraphTooltip  int         `json:"graphTooltip"`
	ID            *int        `json:"id"`
	Links         []link      `json:"links"`
	Panels        []*Panel    `json:"panels"`
	Refresh       string      `json:"refresh"`
	SchemaVersion int         `json:"schemaVersion"`
	Tags          []string    `json:"tags"`
	Templating    templating  `json:"templating"`
	Time          timeRange   `json:"time"`
	Timepicker    struct{}    `json:"timepicker"`
	Timezone      string      `json:"timezone"`
	Title         string      `json:"title"`
	UID           string      `json:"uid"`
	Version       int         `json:"version"`
}

// JSON returns the file.
func (d *Dashboard) JSON() ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false) // Expressions compare.
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return nil, fmt.Errorf("encoding dashboard %s: %w", d.UID, err)
	}
	return out.Bytes(), nil
}

type (
	annotations struct {
		List []annotation `json:"list"`
	}
	annotation struct {
		Datasource  ref    `json:"datasource"`
		Enable      bool   `json:"enable"`
		Expr        string `json:"expr"`
		IconColor   string `json:"iconColor"`
		Name        string `json:"name"`
		TextFormat  string `json:"textFormat"`
		TitleFormat string `json:"titleFormat"`
	}
	link struct {
		AsDropdown  bool     `json:"asDropdown"`
		IncludeVars bool     `json:"includeVars"`
		KeepTime    bool     `json:"keepTime"`
		Tags        []string `json:"tags"`
		Title       string   `json:"title"`
		Type        string   `json:"type"`
	}
	templating struct {
		List []variable `json:"list"`
	}
	timeRange struct {
		From string `json:"from"`
		To   string `json:"to"`
	}
	// ref names a data source; an empty one stands for none.
	ref struct {
		Type string `json:"type"`
		UID  string `json:"uid"`
	}
	variable struct {
		AllValue   string   `json:"allValue,omitempty"`
		Current    current  `json:"current"`
		Datasource *ref     `json:"datasource,omitempty"`
		Definition string   `json:"definition,omitempty"`
		Hide       int      `json:"hide"`
		IncludeAll bool     `json:"includeAll"`
		Label      string   `json:"label"`
		Multi      bool     `json:"multi"`
		Name       string   `json:"name"`
		Options    []string `json:"options"`
		Query      any      `json:"query"`
		Refresh    int      `json:"refresh"`
		Regex      string   `json:"regex"`
		Sort       int      `json:"sort"`
		Type       string   `json:"type"`
	}
	// current is what is chosen when the dashboard is opened; the zero value is the first of what there is.
	current struct {
		Selected bool     `json:"selected,omitempty"`
		Text     []string `json:"text,omitempty"`
		Value    []string `json:"value,omitempty"`
	}
	labelQuery struct {
		QryType int    `json:"qryType"`
		Query   string `json:"query"`
		RefID   string `json:"refId"`
	}
)

// Panel is one panel, or the title of a row.
type Panel struct {
	Collapsed       *bool            `json:"collapsed,omitempty"`
	Datasource      *ref             `json:"datasource,omitempty"`
	Description     string           `json:"description,omitempty"`
	FieldConfig     *fieldConfig     `json:"fieldConfig,omitempty"`
	GridPos         GridPos          `json:"gridPos"`
	ID              int              `json:"id"`
	MaxPerRow       int              `json:"maxPerRow,omitempty"`
	Options         any              `json:"options,omitempty"`
	Panels          *[]*Panel        `json:"panels,omitempty"`
	PluginVersion   string           `json:"pluginVersion,omitempty"`
	Repeat          string           `json:"repeat,omitempty"`
	RepeatDirection string           `json:"repeatDirection,omitempty"`
	Targets         []Target         `json:"targets,omitempty"`
	Title           string           `json:"title"`
	Transformations []transformation `json:"transformations,omitempty"`
	Type            string           `json:"type"`
}

// GridPos is a place on a grid of 24 columns.
type GridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

// Target is one expression of a panel.
type Target struct {
	Datasource   ref    `json:"datasource"`
	EditorMode   string `json:"editorMode"`
	Expr         string `json:"expr"`
	Format       string `json:"format"`
	Instant      bool   `json:"instant"`
	LegendFormat string `json:"legendFormat"`
	Range        bool   `json:"range"`
	RefID        string `json:"refId"`
}

type (
	fieldConfig struct {
		Defaults  fieldDefaults `json:"defaults"`
		Overrides []override    `json:"overrides"`
	}
	fieldDefaults struct {
		Color      map[string]string `json:"color"`
		Custom     map[string]any    `json:"custom,omitempty"`
		Decimals   *int              `json:"decimals,omitempty"`
		Mappings   []any             `json:"mappings"`
		Max        *float64          `json:"max,omitempty"`
		Min        *float64          `json:"min,omitempty"`
		NoValue    string            `json:"noValue,omitempty"`
		Thresholds thresholds        `json:"thresholds"`
		Unit       string            `json:"unit"`
	}
	override struct {
		Matcher    matcher    `json:"matcher"`
		Properties []property `json:"properties"`
	}
	matcher struct {
		ID      string `json:"id"`
		Options string `json:"options"`
	}
	property struct {
		ID    string `json:"id"`
		Value any    `json:"value"`
	}
	thresholds struct {
		Mode  string `json:"mode"`
		Steps []step `json:"steps"`
	}
	// step begins a colour; nil stands for minus infinity.
	step struct {
		Color string   `json:"color"`
		Value *float64 `json:"value"`
	}
	transformation struct {
		ID      string         `json:"id"`
		Options map[string]any `json:"options"`
	}
)
