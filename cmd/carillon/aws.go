package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"carillon/cmd/carillon/awscmd"
	"carillon/connectors"
	"carillon/pipeline/config"
)

func newAWS() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "aws",
		Short: "Set up an AWS account for Carillon, or examine one",
		Long: `Notifications of the Chime SDK get lost without an error to anybody when a policy, a key or a
subscription is not quite right. These commands help to get it right:

  carillon aws template            everything at once, as a CloudFormation template
  carillon aws policy sqs ...      one policy at a time
  carillon aws doctor -c FILE      what is wrong with the account that FILE names
  carillon aws unsubscribe -c FILE end the subscriptions that the sns sources of FILE made

The Chime SDK produces notifications in its control regions: the region whose API endpoint creates a
meeting, whatever region its media is in. Queue, topic and rule belong there. The Chime SDK does not
exist in the partition aws-cn; in aws-us-gov it has no media pipelines.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPolicy(), newTemplate(), newDoctor(), newUnsubscribe())
	return cmd
}

func newTemplate() *cobra.Command {
	o := awscmd.TemplateOptions{}
	var namespace string
	cmd := &cobra.Command{
		Use:   "template",
		Short: "Print a CloudFormation template of everything Carillon needs",
		Long: `Template prints YAML: a queue with its dead-letter queue, a topic, an EventBridge rule, their policies,
and a policy for the role that Carillon runs with. The policies are those that carillon aws policy prints.

The Chime SDK writes to the queue and the topic when a meeting names them (NotificationsConfiguration of
CreateMeeting), and always to EventBridge, whose rule fills the queue as well. Two paths are better than
one: each may lose a notification, and Carillon recognises the copies.

With --endpoint, the public https URL of Carillon's listener, the topic posts there (path /sns) and the
rule posts there too through an API destination (path /eventbridge). Start Carillon before the stack, so
that it can confirm the subscription. Without it the topic fills the queue.

Names, times and the API key are parameters of the template. It refuses regions in which nothing would
arrive. One stack for each control region in use.`,
		Example: `  carillon aws template > carillon.yaml
  aws cloudformation deploy --stack-name carillon --template-file carillon.yaml --capabilities CAPABILITY_IAM

  carillon aws template --endpoint https://carillon.example.com --kms > carillon.yaml
  aws cloudformation deploy --stack-name carillon --template-file carillon.yaml --capabilities CAPABILITY_IAM \
    --parameter-overrides ApiKey="$EVENTBRIDGE_KEY"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Namespace = awscmd.Namespace(namespace)
			text, err := awscmd.Template(o)
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
	cmd.Flags().StringVar(&o.Endpoint, "endpoint", "", "public https URL of Carillon's listener, without the paths of its sources")
	cmd.Flags().BoolVar(&o.Encrypt, "kms", false, "encrypt queues and topic with a key of your own")
	cmd.Flags().BoolVar(&o.Pipelines, "pipelines", true, "let media pipelines write; false for regions that have none")
	addNamespace(cmd, &namespace)
	return cmd
}

func newDoctor() *cobra.Command {
	var file, namespace string
	var asJSON bool
	o := awscmd.Options{}
	cmd := &cobra.Command{
		Use:   "doctor -c FILE",
		Short: "Examine the AWS account that a configuration names",
		Long: `Doctor reads, with your credentials, the queues, topics and rules that the sources of a configuration name
or need, and says of each what is as it should be (ok), what a human should look at (warn) and what loses
notifications (wrong), why, and the command that mends it. It changes nothing.

  sqs          the queue exists, in a control region; its policy lets in the Chime SDK, the rules and the
               topics that have it as their target, and nobody else's account; so does the policy of its key,
               which AWS does not manage; redrive policy, retention against stream.retention and outages,
               visibility
  sns          the topic exists and lets in the Chime SDK, and so does its key; signature version; the
               subscription is confirmed, signed and retried long enough
  eventbridge  an enabled rule on the default bus sends whole events to an API destination at the source's
               path, with the kind of key that the source wants; with via, to the queue, which is looked
               at as that of an sqs source

A configuration does not say where an eventbridge source is called from: the rule is looked for in --region,
else in the region of the first other source, else in that of the environment of the AWS SDK. Policies of
roles are not read.

Credentials come from the sources, else from the environment, a profile or a role, as for run. They need
what carillon aws policy consumer --doctor prints. A source's endpoint key leads to an emulator.

Exit status: 0 when nothing is wrong, 1 otherwise.`,
		Example: "  carillon aws doctor -c carillon.yaml\n  carillon aws doctor -c carillon.yaml --json | jq '.findings[] | select(.severity == \"wrong\")'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(file, connectors.All(connectors.Options{}), os.Environ())
			if err != nil {
				return err
			}
			o.Namespace = awscmd.Namespace(namespace)
			report, err := awscmd.Examine(cmd.Context(), c, o)
			if err != nil {
				return err
			}
			return printReport(cmd, report, asJSON)
		},
	}
	cmd.Flags().StringVarP(&file, configFlag, "c", "", "the configuration, a YAML file")
	cmd.Flags().StringVar(&o.Region, "region", "", "where sources are that name no region")
	cmd.Flags().StringVar(&o.Endpoint, "endpoint", "", "URL of an emulator, for sources without an endpoint")
	cmd.Flags().BoolVar(&o.Pipelines, "pipelines", false, "media pipelines should write to queues and topics, too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	addNamespace(cmd, &namespace)
	_ = cmd.MarkFlagRequired(configFlag)
	_ = cmd.MarkFlagFilename(configFlag, "yaml", "yml")
	return cmd
}

// printReport prints what was found; errReported says that something is wrong.
func printReport(cmd *cobra.Command, report *awscmd.Report, asJSON bool) error {
	var err error
	if asJSON {
		var text string
		if text, err = awscmd.JSON(report); err == nil {
			_, err = fmt.Fprint(cmd.OutOrStdout(), text)
		}
	} else {
		err = report.WriteText(cmd.OutOrStdout())
	}
	if err == nil && report.Count(awscmd.Wrong) > 0 {
		err = errReported
	}
	if err != nil && !errors.Is(err, errReported) {
		return fmt.Errorf("printing the report: %w", err)
	}
	return err
}

func addNamespace(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "namespace", string(awscmd.NamespaceMeetings),
		"where meetings are created: meetings (ChimeSDKMeetings), chime (the older API, us-east-1 only) or both")
}
