package pipeline

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes in a configuration: a number alone, or one with B, KB, MB, GB, TB (powers of 1000) or KiB, MiB,
// GiB, TiB (powers of 1024).
type Size int64

const (
	// KiB is 1024 bytes.
	KiB Size = 1 << (10 * (iota + 1))
	// MiB is 1024 KiB.
	MiB
	// GiB is 1024 MiB.
	GiB
	// TiB is 1024 GiB.
	TiB
)

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	in := strings.TrimSpace(string(text))
	digits := strings.TrimRight(in, "BKMGTikmgtb ")
	unit, ok := unitOf(strings.TrimSpace(in[len(digits):]))
	if !ok {
		return fmt.Errorf("size %q: want a number with B, KB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 10GiB", in)
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || n < 0 || math.IsNaN(n) {
		return fmt.Errorf("size %q: want a number of bytes, such as 10GiB", in)
	}
	bytes := n * float64(unit)
	if bytes > math.MaxInt64/2 {
		return fmt.Errorf("size %q: too large", in)
	}
	*s = Size(bytes)
	return nil
}

func unitOf(name string) (Size, bool) {
	switch strings.ToLower(name) {
	case "", "b":
		return 1, true
	case "kb":
		return 1e3, true
	case "mb":
		return 1e6, true
	case "gb":
		return 1e9, true
	case "tb":
		return 1e12, true
	case "kib":
		return KiB, true
	case "mib":
		return MiB, true
	case "gib":
		return GiB, true
	case "tib":
		return TiB, true
	}
	return 0, false
}

// String returns the size with the largest unit that leaves no fraction: a binary one if there is any.
func (s Size) String() string {
	for _, u := range []struct {
		size Size
		name string
	}{{TiB, "TiB"}, {GiB, "GiB"}, {MiB, "MiB"}, {KiB, "KiB"}, {1e12, "TB"}, {1e9, "GB"}, {1e6, "MB"}, {1e3, "KB"}} {
		if s >= u.size && s%u.size == 0 {
			return strconv.FormatInt(int64(s/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// MarshalText is the inverse of UnmarshalText.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Secret is a value of the configuration that must never be printed: every way of formatting it gives "<redacted>".
type Secret struct{ value string }

const redacted = "<redacted>"

// NewSecret wraps value.
func NewSecret(value string) Secret { return Secret{value: value} }

// Reveal returns the value itself. Call it only where the value is used.
func (s Secret) Reveal() string { return s.value }

// IsZero reports whether no value was set.
func (s Secret) IsZero() bool { return s.value == "" }

// UnmarshalText takes the value.
func (s *Secret) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return errors.New("secret is empty")
	}
	s.value = string(text)
	return nil
}

// MarshalText never returns the value.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// String never returns the value.
func (s Secret) String() string {
	if s.value == "" {
		return ""
	}
	return redacted
}

// GoString never returns the value.
func (s Secret) GoString() string { return s.String() }

// LogValue never returns the value.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
