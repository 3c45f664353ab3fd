package order_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"carillon/pipeline/order"
)

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(*order.Config){
		"": func(*order.Config) {},
		"mode: \"causl\" is none of none, time, causal, adaptive": func(c *order.Config) { c.Mode = "causl" },
		"late: \"keep\" is none of forward, divert, drop":         func(c *order.Config) { c.Late = "keep" },
		"window: 0s is outside 1ms to 10m":                        func(c *order.Config) { c.Mode, c.Window = order.ModeCausal, 0 },
		"window: 11m0s is outside 1ms to 10m":                     func(c *order.Config) { c.Window = 11 * time.Minute },
		"adaptive.min: 0s is outside 1ms to adaptive.max":         func(c *order.Config) { c.Mode, c.Adaptive.Min = order.ModeAdaptive, 0 },
		"adaptive.min: 1m0s is outside 1ms to adaptive.max":       func(c *order.Config) { c.Mode, c.Adaptive.Min = order.ModeAdaptive, time.Minute },
		"adaptive.max: 1h0m0s is more than 10m":                   func(c *order.Config) { c.Mode, c.Adaptive.Max = order.ModeAdaptive, time.Hour },
		"mode: \"\" is none of none, time, causal, adaptive\n" +
			"window: 0s is outside 1ms to 10m\nlate: \"\" is none of forward, divert, drop": func(c *order.Config) { *c = order.Config{} },
	} {
		c := order.DefaultConfig()
		change(&c)
		if want == "" {
			require.NoError(t, c.Validate())
			continue
		}
		require.EqualError(t, c.Validate(), want)
	}
	c := order.Config{Mode: order.ModeNone, Late: order.LateDrop}
	require.NoError(t, c.Validate(), "mode none looks at no window")
}
