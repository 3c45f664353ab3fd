package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"carillon/connectors"
	"carillon/pipeline/config"
)

// connectSection is what the README says about an AWS account.
func connectSection(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, section, ok := strings.Cut(string(readme), "## Connect it to your AWS account\n")
	require.True(t, ok)
	section, _, _ = strings.Cut(section, "\n## ")
	return section
}

// TestREADMECommandsExist runs what the README tells to run: what prints must print, and what asks an account must know its flags.
func TestREADMECommandsExist(t *testing.T) {
	section := strings.ReplaceAll(connectSection(t), "\\\n", " ")
	found := map[string]bool{}
	for _, m := range regexp.MustCompile("\\./carillon ([^\")>|`\n]*)").FindAllStringSubmatch(section, -1) {
		args := strings.Fields(m[1])
		require.NotEmpty(t, args)
		switch name := strings.Join(args[:min(2, len(args))], " "); name {
		case "aws policy", "aws template":
			out, err := carillon(t, args...)
			require.NoError(t, err, m[0])
			require.NotEmpty(t, out)
			found[name] = true
		default:
			out, err := carillon(t, append(args, "--help")...)
			require.NoError(t, err, m[0])
			require.Contains(t, out, "Usage:\n  carillon "+name[:strings.LastIndex(name+" -", " -")], m[0])
			found[name] = true
		}
	}
	for _, name := range []string{"aws policy", "aws template", "aws doctor", "aws unsubscribe", "run -c"} {
		require.True(t, found[name], name)
	}
	template, err := carillon(t, "aws", "template")
	require.NoError(t, err)
	for _, name := range []string{"ConsumerPolicyArn", "QueueArn", "QueueUrl", "TopicArn", "Default: chime-notifications"} {
		require.Contains(t, template, name)
	}
}

// TestREADMEConfigurationsAreValid loads every configuration of the section, with a sink.
func TestREADMEConfigurationsAreValid(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(connectSection(t), -1)
	require.Len(t, blocks, 3)
	for _, b := range blocks {
		text := strings.ReplaceAll(b[1], "QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/111122223333/chime-notifications")
		c, err := config.LoadBytes("carillon.yaml", []byte(text+"sinks:\n  out: {type: stdout}\n"),
			connectors.All(connectors.Options{}), []string{"EVENTBRIDGE_KEY=0123456789abcdef"})
		require.NoError(t, err, text)
		require.NotEmpty(t, c.Sources)
	}
}

// TestRunbookCommandsExist asks for the help of every command that the runbook of the alerts names.
func TestRunbookCommandsExist(t *testing.T) {
	runbook, err := os.ReadFile("../../dashboards/runbook.md")
	require.NoError(t, err)
	found := regexp.MustCompile("`carillon ([a-z ]+)`").FindAllStringSubmatch(string(runbook), -1)
	require.NotEmpty(t, found)
	for _, m := range found {
		out, err := carillon(t, append(strings.Fields(m[1]), "--help")...)
		require.NoError(t, err, m[0])
		require.Contains(t, out, "carillon "+m[1], m[0])
	}
}
