// Package manual describes the configuration: as a reference for people and as a JSON schema for editors. Both are made from
// the structs that the configuration is decoded into, so neither can say what is not so:
//
//   - keys, types and defaults come from the structs by reflection;
//   - descriptions are the comments of their fields, read from the source;
//   - what is allowed is found by asking Validate: for each constant of a named text whether it is taken, and for numbers,
//     durations and sizes where the range that it takes begins and ends.
//
// The binary does not need it. A test of the connectors writes configs/reference.md and configs/schema.json with -update, and
// compares them otherwise.
package manual
