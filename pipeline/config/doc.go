// Package config loads the configuration of a router: one YAML file, overridden by environment variables, laid over the
// defaults of every part.
//
// # What it promises
//
//   - Strict. An unknown or repeated key, a value of the wrong type, a value that Validate refuses, an unknown type: and a
//     second document are errors. Nothing is guessed and nothing is ignored.
//   - Whole. All problems of a file and of the environment come back at once, sorted by position. Only a file that is not
//     YAML gives a single one.
//   - Located. Each problem has file, line and column (or the environment variable), the key path, and the nearest right
//     name if there is one.
//   - Discreet. No error contains the value of a reference or of a field of type pipeline.Secret.
//
// The structs and their defaults stay beside the components they configure; this package knows only where each belongs. It
// decodes what the struct's fields allow: text, true or false, whole and decimal numbers, durations, anything that
// implements encoding.TextUnmarshaler, lists, mappings, nested structs and pointers to all of them. A field is named by its
// tag koanf:"name"; a field without one cannot be set.
//
// # Environment
//
// CARILLON_STREAM__PARTITIONS=16 overrides stream.partitions: a double underscore goes one level down, the name is lowered,
// a single underscore stays. The value is read as one YAML scalar, or as a list, mapping or quoted text when it begins with
// [, {, " or '. Where text is wanted it is taken as it stands, so numbers need no quotes. An empty value is an empty text. A
// variable that names no key is an error, except CARILLON_TEST_* and CARILLON_ADMIN_TOKEN, which are ignored. Ids with a "-" and keys with upper-case
// letters, such as those of HTTP headers, cannot be named in a variable: put a reference into the file instead.
//
// # References
//
// A text may contain ${env:NAME}, ${env:NAME:-default} (for a variable that is unset or empty) and ${file:/path} (the
// content of a regular file of at most 1 MiB, without one newline at its end). They may be part of a longer text and may
// feed numbers and durations. $${ stands for ${ itself. References are resolved after the YAML was read, so a value can
// never add keys; they are not resolved again inside a value, and not inside keys.
//
// Relative paths, such as nats.embedded.dir, are relative to the working directory of the process, not to the file.
package config
