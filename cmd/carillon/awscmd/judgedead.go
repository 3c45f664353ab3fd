package awscmd

import "fmt"

// judgeDead looks at the dead-letter queue of a rule's target or of a subscription: it must exist and let in the service that
// makes call. what names what ends there; grant are the flags that let it in.
func judgeDead(f *findings, s Scope, dead deadFacts, c call, what string, grant ...string) {
	name := nameOf(c.resource)
	words := append([]string{
		"carillon", "aws", "policy", "sqs", "--queue", name, "--account", accountOf(c.resource), "--region", s.Region,
		"--direct=false", "--attributes",
	}, grant...)
	mend := func(queueURL string) string {
		return command("aws", "sqs", "set-queue-attributes", "--region", s.Region, "--queue-url", queueURL, "--attributes", "$("+command(words...)+")")
	}
	switch {
	case dead.err != nil && classify(dead.err) == failureMissing:
		f.wrong("undelivered", fmt.Sprintf("%s should go to the queue %q, which does not exist", what, name), "It is dropped.",
			command("aws", "sqs", "create-queue", "--region", s.Region, "--queue-name", name, "--attributes", "MessageRetentionPeriod="+seconds(deadRetention)))
	case dead.err != nil:
		f.warn("undelivered", fmt.Sprintf("the queue %q cannot be read: %s", name, describe(dead.err)), "It was not checked whether "+what+" is kept.",
			"carillon aws policy consumer --help")
	case dead.queue == nil:
		f.warn("undelivered", what+" is dropped", "A dead-letter queue would keep it.", "")
	default:
		doc, err := parseDocument(orEmpty(dead.queue.attributes["Policy"]))
		if err != nil || doc.evaluate(c) == answerNo {
			f.wrong("undelivered", fmt.Sprintf("%s may not be written to its dead-letter queue %q", what, name),
				"It is dropped. The command replaces the whole policy.", mend(dead.queue.url))
			return
		}
		f.ok("undelivered", fmt.Sprintf("%s goes to the queue %q", what, name))
	}
}
