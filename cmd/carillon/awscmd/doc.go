// Package awscmd knows how an AWS account has to be set up so that notifications of the Amazon Chime SDK reach Carillon. It
// writes the policies and a CloudFormation template, and examines an account that is there already.
//
// # Parts
//
//   - [Scope] says where: partition, region, account, and which of the Chime SDK's namespaces may write. The builders
//     ([QueuePolicy], [TopicPolicy], [KeyPolicy], [InvokeTrust], [InvokePermissions], [ConsumerPolicy], [EventPattern])
//     are pure and return a [Document]. [Template] uses the same builders with pseudo parameters of CloudFormation in
//     place of region and account, so that a policy in the template is the policy that is printed.
//   - [Examine] is the doctor. A thin shell reads facts from the account; pure functions turn them into [Finding] values:
//     what was found, why it matters, and the command that mends it. It changes nothing in the account.
//
// # Limits
//
// The doctor evaluates resource policies for the calls that Chime, EventBridge and SNS make. A condition on a key that those
// services are not known to send leaves the question open, and the finding says so. Roles, grants of keys and service control
// policies are not read.
package awscmd
