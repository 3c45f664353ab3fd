package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/pipeline"
	"carillon/pipeline/config"
)

func TestReferencesFeedEveryKindOfField(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(secret, []byte("line 1\nline 2\n\n"), 0o600))
	windows := filepath.Join(dir, "windows")
	require.NoError(t, os.WriteFile(windows, []byte("1\r\n"), 0o600))
	c := load(t, `
sources:
  all:
    type: ${env:TYPE}
    text: "a ${env:A} b ${env:B:-two} c ${env:EMPTY:-three} d ${env:EMPTY} $${env:A} $$ { ${env:B:-}"
    flag: ${env:YES}
    int: "-${env:NUMBER}"
    uint: ${env:NUMBER}
    float: ${env:NUMBER}.5
    duration: ${env:NUMBER}m
    size: ${env:NUMBER}KiB
    secret: ${file:`+secret+`}
    pointer: Bearer ${env:A}
    names: {"${env:A}": "${env:A}"}
    numbers: ["${file:`+windows+`}"]
    nested: {count: "${env:NUMBER}"}
`, "TYPE=everything", "A={x: ${env:NUMBER}}\n#", "EMPTY=", "YES=true", "NUMBER=7")
	got, ok := c.Sources[0].Config.(*everything)
	require.True(t, ok)
	a, seven := "{x: ${env:NUMBER}}\n#", 7
	pointer := pipeline.NewSecret("Bearer " + a)
	require.Equal(t, &everything{
		Text: "a " + a + " b two c three d  ${env:A} $$ { ", Flag: true, Int: -7, Uint: 7, Float: 7.5, Duration: 7 * time.Minute,
		Size: 7 * pipeline.KiB, Secret: pipeline.NewSecret("line 1\nline 2\n"), Pointer: &pointer,
		Names: map[string]string{"kept": "yes", "${env:A}": a}, Numbers: []int{1}, Nested: nested{Size: 2, Count: &seven},
	}, got)
}

func TestReferencedFileThatIsNoRegularFile(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big")
	require.NoError(t, os.WriteFile(big, make([]byte, 1<<20+1), 0o600))
	for path, reason := range map[string]string{
		dir: "not a regular file", big: "larger than 1MiB", filepath.Join(dir, "none"): "no such file or directory",
		"/dev/zero": "not a regular file",
	} {
		errs := problems(t, "nats: {creds: '${file:"+path+"}', url: 'nats://h'}")
		require.Len(t, errs, 1)
		require.Equal(t, `reading the referenced file "`+path+`": `+reason, errs[0].Message)
		require.Equal(t, "nats.creds", errs[0].Path)
	}
}

// places are where a secret may stand; %s is the secret or the reference that gives it.
var places = []string{
	"nats: {url: '%s'}",
	"nats: {url: 'ftp://u:%s@h:x'}",
	"nats: {embedded: '%s', creds: ['%s']}",
	"stream: {partitions: '%s', max_bytes: '%s', retention: '%s', prefix: '%s'}",
	"http: {listen: '%s', tls: {cert: '%s'}}",
	"order: {mode: '%s', window: '%s', late: '%s'}",
	"log: {level: '%s'}",
	"sources: {x: {type: '%s'}}",
	"sources: {x: {type: sqs, queue_url: '%s', max_pollers: '%s', region: {a: '%s'}}}",
	"sources: {x: {type: sns, topic_arns: ['%s', '%s']}}",
	"sources: {x: {type: eventbridge, auth: '%s'}}",
	"sources: {x: {type: everything, text: leak, secret: '%s', names: {a: '%s'}}}",
	"sources: {x: {type: everything, flag: '%s', int: '%s', uint: '%s', float: '%s', size: '%s', numbers: ['%s']}}",
	"sources: {x: '%s'}\nsinks: ['%s']",
	"sinks: {x: {type: webhook, url: 'http://u:%s@h:%s/%%zz', timeout: '%s', headers: '%s', kinds: '%s'}}",
	"sinks: {x: {type: webhook, url: 'gopher://%s', start: '%s', retry: {max: '%s', initial: '%s'}}}",
}

// No error may contain what a reference gave, wherever it is used.
func TestValueOfAReferenceIsNeverShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Za-z0-9:/"\\ \x60é@%-]{6,20}[0-9]{6}`).Draw(t, "secret")
		place := rapid.SampledFrom(places).Draw(t, "place")
		reference := rapid.SampledFrom([]string{"${env:IT}", "x${env:IT}", "${env:IT}y", "${env:NOT:-}${env:IT}"}).Draw(t, "reference")
		yaml := strings.ReplaceAll(strings.ReplaceAll(place, "%s", reference), "%%", "%")
		_, err := config.LoadBytes("x.yaml", []byte(yaml), factories(), []string{"IT=" + secret})
		require.Error(t, err)
		requireHidden(t, err.Error(), secret)
	})
}

// No error may contain a variable's value, with the exceptions of what Validate says about a key that is no secret.
func TestValueOfAVariableIsNotShownWhenItHasTheWrongType(t *testing.T) {
	for _, name := range []string{
		"NATS", "NATS__EMBEDDED", "STREAM", "STREAM__PARTITIONS", "STREAM__RETENTION", "STREAM__MAX_BYTES", "SOURCES", "SOURCES__X",
		"SOURCES__ALL__FLAG", "SOURCES__ALL__NUMBERS", "SOURCES__ALL__NAMES", "SOURCES__ALL__MAYBE", "SOURCES__ALL__TYPE", "ELEPHANT",
	} {
		for _, value := range []string{"hunter2", `"hunter2`, "{hunter2", "[hunter2]", "*hunter2", "!!int hunter2"} {
			errs := problems(t, oneOfEach, "CARILLON_"+name+"="+value)
			require.NotContains(t, errs.Error(), "hunter2", name)
		}
	}
}

func requireHidden(t require.TestingT, message, secret string) {
	for i := 0; i+6 <= len(secret); i++ {
		require.NotContains(t, message, secret[i:i+6])
	}
}
