package awscmd

import (
	"fmt"
	"strings"
)

// keyActions are what a service must be allowed to do with the key of a queue or a topic that it writes to.
func keyActions() []string { return []string{"kms:GenerateDataKey", "kms:Decrypt"} }

// judgeKey looks at the key of a receiver. read is what KMS says about one of the account's own; mend takes the key away.
func judgeKey(f *findings, s Scope, r *receiver, key string, read *keyFacts, mend string) {
	switch {
	case key == "":
		f.ok("key", "no KMS key stands between the services and the messages")
	case read == nil:
		f.wrong("key", "messages are encrypted with the AWS managed key "+key[strings.LastIndex(key, ":")+1:],
			"Its policy lets in no other service and cannot be changed, so the Chime SDK, EventBridge and SNS cannot write. The command goes "+
				"back to encryption without it; `carillon aws policy kms` prints the policy for a key of your own.", mend)
	case read.err != nil && classify(read.err) == failureMissing:
		f.wrong("key", "the key "+key+" that encrypts messages does not exist", "Nobody can write.", mend)
	case read.err != nil:
		f.warn("key", "messages are encrypted with the key "+key+", whose policy cannot be read: "+describe(read.err),
			"It must grant kms:GenerateDataKey and kms:Decrypt to each service that writes, and kms:Decrypt to Carillon's role. Compare with\n"+
				r.keyPolicy(s), showKey(s, key))
	case read.state != "Enabled":
		f.wrong("key", fmt.Sprintf("the key %s that encrypts messages is not enabled (%s)", key, read.state), "Nobody can write or read.",
			command("aws", "kms", "enable-key", "--region", s.Region, "--key-id", read.arn))
	default:
		judgeGrants(f, s, r, read)
	}
}

// judgeGrants evaluates the policy of a key for everybody who should write to the receiver.
func judgeGrants(f *findings, s Scope, r *receiver, key *keyFacts) {
	put := command("aws", "kms", "put-key-policy", "--region", s.Region, "--key-id", key.arn, "--policy-name", "default", "--policy",
		"$("+r.keyPolicy(s)+")")
	doc, err := parseDocument(orEmpty(key.policy))
	if err != nil {
		f.wrong("key", "the policy of the key "+key.arn+" cannot be read", "", put)
		return
	}
	for _, service := range r.services(s) {
		got, open := answerYes, []string{}
		for _, action := range keyActions() {
			// Which keys of conditions a service sends to KMS on its way is documented of none of them.
			c := call{service: service, action: action, resource: key.arn, keys: map[string]string{}}
			got, open = got.and(doc.evaluate(c)), doc.keysBeyond(c)
		}
		switch got {
		case answerYes:
			f.ok("key", service+" may use the key of the "+string(r.kind))
		case answerUnsure:
			f.warn("key", fmt.Sprintf("%s may use the key of the %s only under conditions that cannot be judged here: %s", service, r.kind,
				strings.Join(open, ", ")), "AWS does not document that the service sends them to KMS. Send one notification and see whether it "+
				"arrives; `carillon aws policy kms --confine=false` prints a policy without them.", showKey(s, key.arn))
		case answerNo:
			f.wrong("key", fmt.Sprintf("%s may not use the key of the %s", service, r.kind),
				"It may write and cannot encrypt, so what it sends is lost, without an error to anybody. The command replaces the whole policy.", put)
		}
	}
}

// services returns everybody who should write to the receiver.
func (r *receiver) services(s Scope) []string {
	out := append([]string(nil), r.writers(s)...)
	if len(r.rules) > 0 {
		out = append(out, principalEvents)
	}
	if len(r.topics) > 0 {
		out = append(out, principalTopics)
	}
	return out
}

// keyPolicy returns the command that prints the policy of the key for everybody who should write.
func (r *receiver) keyPolicy(s Scope) string {
	words := []string{"carillon", "aws", "policy", "kms", "--account", s.Account, "--region", s.Region, "--namespace", string(s.Namespace)}
	if len(r.writers(s)) == 0 {
		words = append(words, "--direct=false")
	}
	return command(words...)
}

func showKey(s Scope, key string) string {
	return command("aws", "kms", "get-key-policy", "--region", s.Region, "--key-id", key, "--policy-name", "default", "--output", "text")
}
