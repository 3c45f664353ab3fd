package dashboards

// Dashboards returns every dashboard by the name of its file.
func Dashboards() map[string]*Dashboard {
	return map[string]*Dashboard{"delivery-lag.json": deliveryLag(), "pipeline.json": pipeline(), "paths.json": paths()}
}
