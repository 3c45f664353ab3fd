package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"carillon/cmd/carillon/awscmd"
)

func newPolicyKMS() *cobra.Command {
	var p place
	w := awscmd.KeyWriters{}
	cmd := &cobra.Command{
		Use:   "kms --account ACCOUNT --region REGION",
		Short: "The policy of a key that encrypts a queue or a topic",
		Long: `The policy of a customer managed key: the account administers it, and the services that write may encrypt
with it. An AWS managed key (alias/aws/sqs, alias/aws/sns) cannot be used: its policy lets in no service and
cannot be changed.

AWS's own sample for the Chime SDK has no condition. This policy adds aws:SourceAccount, so that no other
account's meetings use the key; AWS does not document whether the Chime SDK sends it to KMS. Create one
meeting and see whether its notifications arrive before you rely on it, or use --confine=false. EventBridge
and SNS are granted as AWS documents it, without a condition; who may write is decided by the policy of the
queue or the topic in any case.`,
		Example: `  aws kms create-key --policy "$(carillon aws policy kms --account 111122223333 --region eu-central-1)"`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := p.scope(cmd)
			if err == nil && !w.Direct && !w.Rules && !w.Topics {
				err = errors.New("direct, rules, topics: at least one service has to use the key")
			}
			if err != nil {
				return err
			}
			return printJSON(cmd, awscmd.KeyPolicy(s, w))
		},
	}
	p.add(cmd)
	cmd.Flags().BoolVar(&w.Direct, "direct", true, "the Chime SDK itself writes")
	cmd.Flags().BoolVar(&w.Rules, "rules", true, "EventBridge rules write")
	cmd.Flags().BoolVar(&w.Topics, "topics", true, "SNS topics write")
	cmd.Flags().BoolVar(&w.Confine, "confine", true, "bind the grant for the Chime SDK to the account")
	markRequired(cmd, "account", "region")
	return cmd
}

func newPolicyConsumer() *cobra.Command {
	var p place
	var c awscmd.Consumer
	cmd := &cobra.Command{
		Use:   "consumer --account ACCOUNT --region REGION [--queue QUEUE] [--topic TOPIC]",
		Short: "The policy of the role that Carillon runs with",
		Long: `The identity policy of Carillon's own role: to take notifications from a queue (and decrypt them), to subscribe
itself to a topic (subscribe: of an sns source), and with --doctor to read what carillon aws doctor looks at.

Receiving over HTTP from a topic or a rule needs no permission at all, and neither does confirming a
subscription.`,
		Example: `  carillon aws policy consumer --account 111122223333 --region eu-central-1 --queue chime --doctor`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := p.scope(cmd)
			if err = errors.Join(err, checkConsumer(s, c)); err != nil {
				return err
			}
			return printJSON(cmd, awscmd.ConsumerPolicy(s, c))
		},
	}
	p.add(cmd)
	cmd.Flags().StringVar(&c.Queue, "queue", "", "name or ARN of the queue of an sqs source")
	cmd.Flags().StringVar(&c.Topic, "topic", "", "name or ARN of a topic that Carillon subscribes itself to")
	cmd.Flags().StringVar(&c.Key, "key", "", "id or ARN of the key that encrypts the queue")
	cmd.Flags().BoolVar(&c.Doctor, "doctor", false, "add what carillon aws doctor reads")
	markRequired(cmd, "account", "region")
	return cmd
}

func checkConsumer(s awscmd.Scope, c awscmd.Consumer) error {
	var errs []error
	for _, named := range []struct {
		kind  awscmd.Resource
		value string
	}{{awscmd.ResourceQueue, c.Queue}, {awscmd.ResourceTopic, c.Topic}, {awscmd.ResourceKey, c.Key}} {
		if named.value != "" {
			errs = append(errs, s.Check(named.kind, named.value))
		}
	}
	if c.Queue == "" && c.Topic == "" && !c.Doctor {
		errs = append(errs, errors.New("queue, topic, doctor: at least one is needed, else there is nothing to allow"))
	}
	return errors.Join(errs...)
}

func newPolicyEventBridge() *cobra.Command {
	var p place
	var rule, destination, document string
	cmd := &cobra.Command{
		Use:   "eventbridge [--document pattern|trust|invoke]",
		Short: "The event pattern of a rule, and the role that calls an API destination",
		Long: `Three documents, as one JSON object, or one of them alone:

  pattern  what the rule on the default bus matches: the source aws.chime and every documented kind of event.
           Records of CloudTrail have the same source and are left out. Needs no other flag.
  trust    who may assume the role with which the rule calls an API destination: EventBridge, for this rule
  invoke   what that role may do: call this API destination

A queue or a topic as a target needs no role: carillon aws policy sqs --rule and sns --rule print the grant
that goes into its policy. Leave the input of targets alone: Carillon needs the whole event.`,
		Example: `  aws events put-rule --name chime --event-pattern "$(carillon aws policy eventbridge --document pattern)"
  carillon aws policy eventbridge --account 111122223333 --region eu-central-1 --rule chime --destination carillon`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if document == "pattern" {
				return printJSON(cmd, awscmd.EventPattern())
			}
			s, err := p.scope(cmd)
			if err = errors.Join(err, s.Check(awscmd.ResourceRule, rule), s.Check(awscmd.ResourceDestination, destination)); err != nil {
				return err
			}
			trust, invoke := awscmd.InvokeTrust(s, rule), awscmd.InvokePermissions(s, destination)
			switch document {
			case "trust":
				return printJSON(cmd, trust)
			case "invoke":
				return printJSON(cmd, invoke)
			case "":
				return printJSON(cmd, eventBridgeDocuments{awscmd.EventPattern(), trust, invoke})
			}
			return fmt.Errorf("document: %q is neither pattern, trust nor invoke", document)
		},
	}
	p.add(cmd)
	cmd.Flags().StringVar(&rule, "rule", "carillon", "name or ARN of the rule")
	cmd.Flags().StringVar(&destination, "destination", "carillon", "name or ARN of the API destination")
	cmd.Flags().StringVar(&document, "document", "", "print only pattern, trust or invoke")
	return cmd
}

// eventBridgeDocuments is what policy eventbridge prints.
type eventBridgeDocuments struct {
	Pattern awscmd.Pattern  `json:"pattern"`
	Trust   awscmd.Document `json:"trust"`
	Invoke  awscmd.Document `json:"invoke"`
}
