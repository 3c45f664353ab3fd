package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"carillon/cmd/carillon/awscmd"
)

const sourceArnHelp = `Two conditions keep other accounts' meetings out (the confused deputy): aws:SourceAccount must be yours, and
aws:SourceArn must be a Chime ARN of yours. The second has had two forms in AWS's documents: an older one with
an empty region, arn:aws:chime::ACCOUNT:*, and today's with one, arn:aws:chime:us-east-1:ACCOUNT:*. A policy
with only one form loses everything, silently, if the service sends the other, so both are let in; a meeting
elsewhere than in us-east-1 is let in as well.`

func newPolicy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Print the policies that let notifications through",
		Long: `Policy prints one IAM document as JSON, ready for the aws command line.

The Chime SDK writes under a name of its own, which depends on the API that creates meetings (--namespace):

  meetings   meetings.chime.amazonaws.com        ChimeSDKMeetings, in the region of the endpoint that was called
  chime      chime.amazonaws.com                 the older API; its queues and topics must be in us-east-1
  pipelines  mediapipelines.chime.amazonaws.com  media pipelines, where they are controlled (--pipelines)

` + sourceArnHelp,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPolicySQS(), newPolicySNS(), newPolicyKMS(), newPolicyEventBridge(), newPolicyConsumer())
	return cmd
}

// place holds the flags that say where a policy applies.
type place struct {
	account, region, namespace string
	pipelines                  bool
}

func (p *place) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.account, "account", "", "the account of 12 digits that creates the meetings and owns what is named here")
	cmd.Flags().StringVar(&p.region, "region", "", "the control region, such as eu-central-1")
	cmd.Flags().BoolVar(&p.pipelines, "pipelines", false, "let media pipelines write (default: where the region has them)")
	addNamespace(cmd, &p.namespace)
}

// scope checks the flags. Media pipelines are let in where they exist unless the user says otherwise.
func (p *place) scope(cmd *cobra.Command) (awscmd.Scope, error) {
	pipelines := p.pipelines
	if !cmd.Flags().Changed("pipelines") {
		pipelines = awscmd.HasPipelines(p.region)
	}
	return awscmd.NewScope(p.account, p.region, awscmd.Namespace(p.namespace), pipelines)
}

// writers holds the flags that say who may write.
type writers struct {
	awscmd.Writers
}

func (w *writers) add(cmd *cobra.Command, topics bool) {
	cmd.Flags().BoolVar(&w.Direct, "direct", true, "let the Chime SDK itself write, for meetings with a NotificationsConfiguration")
	cmd.Flags().StringSliceVar(&w.Rules, "rule", nil, "name or ARN of an EventBridge rule that may write; may be repeated")
	if topics {
		cmd.Flags().StringSliceVar(&w.Topics, "topic", nil, "name or ARN of an SNS topic that may write; may be repeated")
	}
}

func (w *writers) check(s awscmd.Scope) error {
	var errs []error
	for _, r := range w.Rules {
		errs = append(errs, s.Check(awscmd.ResourceRule, r))
	}
	for _, t := range w.Topics {
		errs = append(errs, s.Check(awscmd.ResourceTopic, t))
	}
	if !w.Direct && len(w.Rules)+len(w.Topics) == 0 {
		errs = append(errs, errors.New("direct: with --direct=false nobody may write; name a rule or a topic that may"))
	}
	return errors.Join(errs...)
}

func newPolicySQS() *cobra.Command {
	var p place
	var w writers
	var queue string
	var attributes bool
	cmd := &cobra.Command{
		Use:   "sqs --account ACCOUNT --region REGION --queue QUEUE",
		Short: "The policy of a queue: the Chime SDK, rules and topics may write",
		Long: `The resource policy of a queue. Use a standard queue: the Chime SDK does not deliver to FIFO queues.

` + sourceArnHelp + `

An EventBridge rule is let in by its ARN alone, which holds the account: EventBridge is not known to send
aws:SourceAccount. A topic in an opt-in region that delivers to a queue elsewhere writes under the name
sns.REGION.amazonaws.com, which is let in, too. A dead-letter queue for a rule or a subscription gets its
policy with --direct=false.`,
		Example: `  carillon aws policy sqs --account 111122223333 --region eu-central-1 --queue chime --rule chime
  aws sqs set-queue-attributes --queue-url URL --attributes "$(carillon aws policy sqs --attributes \
    --account 111122223333 --region eu-central-1 --queue chime)"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := p.scope(cmd)
			if err = errors.Join(err, s.Owns(awscmd.ResourceQueue, queue), w.check(s)); err != nil {
				return err
			}
			doc := awscmd.QueuePolicy(s, queue, w.Writers)
			if !attributes {
				return printJSON(cmd, doc)
			}
			policy, err := awscmd.Compact(doc)
			if err != nil {
				return err
			}
			return printJSON(cmd, map[string]string{"Policy": policy})
		},
	}
	p.add(cmd)
	w.add(cmd, true)
	cmd.Flags().StringVar(&queue, "queue", "", "name or ARN of the queue")
	cmd.Flags().BoolVar(&attributes, "attributes", false, "wrap the document as aws sqs set-queue-attributes --attributes takes it")
	markRequired(cmd, "account", "region", "queue")
	return cmd
}

func newPolicySNS() *cobra.Command {
	var p place
	var w writers
	var topic string
	cmd := &cobra.Command{
		Use:   "sns --account ACCOUNT --region REGION --topic TOPIC",
		Short: "The policy of a topic: the Chime SDK and rules may publish",
		Long: `The resource policy of a topic. It replaces the one that SNS makes for a new topic; identities of the account
keep the access that their own policies give them.

` + sourceArnHelp,
		Example: `  aws sns set-topic-attributes --topic-arn ARN --attribute-name Policy --attribute-value \
    "$(carillon aws policy sns --account 111122223333 --region eu-central-1 --topic chime)"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := p.scope(cmd)
			if err = errors.Join(err, s.Owns(awscmd.ResourceTopic, topic), w.check(s)); err != nil {
				return err
			}
			return printJSON(cmd, awscmd.TopicPolicy(s, topic, w.Writers))
		},
	}
	p.add(cmd)
	w.add(cmd, false)
	cmd.Flags().StringVar(&topic, "topic", "", "name or ARN of the topic")
	markRequired(cmd, "account", "region", "topic")
	return cmd
}

func printJSON(cmd *cobra.Command, v any) error {
	text, err := awscmd.JSON(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(cmd.OutOrStdout(), text)
	return err
}

// markRequired marks flags that a command cannot do without.
func markRequired(cmd *cobra.Command, flags ...string) {
	for _, name := range flags {
		_ = cmd.MarkFlagRequired(name)
	}
}
