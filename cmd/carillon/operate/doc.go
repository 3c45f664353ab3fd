// Package operate is what the operators' commands share: when things happened, tables, and the outcome of long work. It asks the
// router through admin.Client and knows no configuration.
package operate
