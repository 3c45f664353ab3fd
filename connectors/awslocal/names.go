package awslocal

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"
)

const (
	millisLayout  = "2006-01-02T15:04:05.000Z"
	secondsLayout = "2006-01-02T15:04:05Z"
)

// newID returns a random identifier in the shape of a UUID, version 4.
func newID() string {
	b := randomBytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b)
	return strings.Join([]string{s[:8], s[8:12], s[12:16], s[16:20], s[20:]}, "-")
}

// randomBytes returns n random bytes; crypto/rand.Read never fails.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// partition returns the ARN partition of region.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// snsHost returns the host name of SNS in region.
func snsHost(region string) string {
	host := "sns." + region + ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		host += ".cn"
	}
	return host
}

func millis(t time.Time) string { return t.UTC().Format(millisLayout) }

// lastOf returns what follows the last sep in s: the name in an ARN or a queue URL.
func lastOf(s, sep string) string { return s[strings.LastIndex(s, sep)+1:] }
