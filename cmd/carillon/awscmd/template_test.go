package awscmd_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"carillon/cmd/carillon/awscmd"
	"carillon/connectors/sns"
)

// kinds of templates, with the names of their golden files.
func templates() map[string]awscmd.TemplateOptions {
	return map[string]awscmd.TemplateOptions{
		"template-queue.yaml":    {Pipelines: true},
		"template-endpoint.yaml": {Pipelines: true, Endpoint: "https://carillon.example.com/"},
		"template-kms.yaml":      {Encrypt: true, Endpoint: "https://carillon.example.com"},
		"template-old.yaml":      {Namespace: awscmd.NamespaceBoth, Encrypt: true},
	}
}

func TestTemplates(t *testing.T) {
	for name, o := range templates() {
		t.Run(name, func(t *testing.T) {
			text, err := awscmd.Template(o)
			require.NoError(t, err)
			again, err := awscmd.Template(o)
			require.NoError(t, err)
			require.Equal(t, text, again, "the same options make the same bytes")
			golden(t, name, text)
		})
	}
}

func TestTemplateRefusesEndpointsThatAWSCannotReach(t *testing.T) {
	for _, endpoint := range []string{"http://carillon.example.com", "carillon.example.com", "https://", "https://u:p@carillon.example.com", "https://x/?a=b"} {
		_, err := awscmd.Template(awscmd.TemplateOptions{Endpoint: endpoint})
		require.ErrorContains(t, err, "endpoint:")
		require.NotContains(t, err.Error(), "u:p")
	}
	_, err := awscmd.Template(awscmd.TemplateOptions{Namespace: "none"})
	require.ErrorContains(t, err, "namespace:")
}

// TestReferencesResolve follows every Ref, GetAtt and Sub of the templates.
func TestReferencesResolve(t *testing.T) {
	for name, o := range templates() {
		t.Run(name, func(t *testing.T) {
			root := parse(t, o)
			known := map[string]bool{}
			for _, section := range []string{"Parameters", "Resources"} {
				for _, key := range keys(at(t, root, section)) {
					require.False(t, known[key], "%s is defined twice", key)
					known[key] = true
				}
			}
			used := map[string]bool{}
			for _, r := range references(root) {
				if strings.HasPrefix(r, "AWS::") {
					require.Contains(t, []string{"AWS::Region", "AWS::Partition", "AWS::AccountId"}, r)
					continue
				}
				require.True(t, known[r], "%s is referred to and not defined", r)
				used[r] = true
			}
			for _, parameter := range keys(at(t, root, "Parameters")) {
				require.True(t, used[parameter], "parameter %s has no effect", parameter)
				description := at(t, root, "Parameters", parameter, "Description").Value
				require.NotEmpty(t, description)
			}
			requireAcyclic(t, at(t, root, "Resources"))
		})
	}
}

// TestPoliciesOfTheTemplateAreThosePrinted fills in the template as CloudFormation would.
func TestPoliciesOfTheTemplateAreThosePrinted(t *testing.T) {
	const key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	s := scope(t, "us-east-1", awscmd.NamespaceBoth)
	s.Pipelines = false
	byName := []string{"chime"}
	for name, c := range map[string]struct {
		options awscmd.TemplateOptions
		queue   awscmd.Writers
		key     string
	}{
		"queue alone":  {awscmd.TemplateOptions{Namespace: awscmd.NamespaceBoth}, awscmd.Writers{Direct: true, Rules: byName, Topics: byName}, ""},
		"with a key":   {awscmd.TemplateOptions{Namespace: awscmd.NamespaceBoth, Encrypt: true}, awscmd.Writers{Direct: true, Rules: byName, Topics: byName}, key},
		"and endpoint": {awscmd.TemplateOptions{Namespace: awscmd.NamespaceBoth, Encrypt: true, Endpoint: "https://x.example"}, awscmd.Writers{Direct: true, Rules: byName}, key},
	} {
		t.Run(name, func(t *testing.T) {
			resources := at(t, parse(t, c.options), "Resources")
			same := func(want any, path ...string) {
				t.Helper()
				text, err := awscmd.Compact(want)
				require.NoError(t, err)
				require.JSONEq(t, text, filled(t, at(t, resources, path...), map[string]string{"Key.Arn": key}))
			}
			same(awscmd.QueuePolicy(s, "chime", c.queue), "QueuePolicy", "Properties", "PolicyDocument")
			same(awscmd.QueuePolicy(s, "chime-dead", awscmd.Writers{Rules: byName, Topics: byName}), "DeadLetterQueuePolicy", "Properties", "PolicyDocument")
			same(awscmd.TopicPolicy(s, "chime", awscmd.Writers{Direct: true}), "TopicPolicy", "Properties", "PolicyDocument")
			same(awscmd.ConsumerPolicy(s, awscmd.Consumer{Queue: "chime", Topic: "chime", Key: c.key, Doctor: true}), "ConsumerPolicy", "Properties", "PolicyDocument")
			same(awscmd.EventPattern(), "Rule", "Properties", "EventPattern")
			if c.key != "" {
				same(awscmd.KeyPolicy(s, awscmd.KeyWriters{Direct: true, Rules: true, Topics: true, Confine: true}), "Key", "Properties", "KeyPolicy")
			}
			if c.options.Endpoint != "" {
				same(awscmd.InvokeTrust(s, "chime"), "InvokeRole", "Properties", "AssumeRolePolicyDocument")
				same(json.RawMessage(sns.DeliveryPolicy()), "Subscription", "Properties", "DeliveryPolicy")
				inline := at(t, resources, "InvokeRole", "Properties", "Policies").Content[0]
				text, err := awscmd.Compact(awscmd.InvokePermissions(s, "chime"))
				require.NoError(t, err)
				require.JSONEq(t, text, filled(t, at(t, inline, "PolicyDocument"), nil))
			}
		})
	}
}

func parse(t *testing.T, o awscmd.TemplateOptions) *yaml.Node {
	t.Helper()
	text, err := awscmd.Template(o)
	require.NoError(t, err)
	var doc yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &doc))
	return doc.Content[0]
}

// at follows keys of mappings.
func at(t *testing.T, n *yaml.Node, path ...string) *yaml.Node {
	t.Helper()
	for _, key := range path {
		i := 0
		for ; i < len(n.Content) && n.Content[i].Value != key; i += 2 {
		}
		require.Less(t, i, len(n.Content), "no %s", strings.Join(path, "."))
		n = n.Content[i+1]
	}
	return n
}

func keys(n *yaml.Node) []string {
	var out []string
	for i := 0; i < len(n.Content); i += 2 {
		out = append(out, n.Content[i].Value)
	}
	return out
}

var variable = regexp.MustCompile(`\$\{([A-Za-z:]+)(\.Arn)?\}`)

// references lists the names that a node and everything below it refer to.
func references(n *yaml.Node) []string {
	var out []string
	switch n.Tag {
	case "!Ref":
		out = append(out, n.Value)
	case "!GetAtt":
		name, _, _ := strings.Cut(n.Value, ".")
		out = append(out, name)
	case "!Sub":
		for _, m := range variable.FindAllStringSubmatch(n.Value, -1) {
			out = append(out, m[1])
		}
	}
	for _, child := range n.Content {
		out = append(out, references(child)...)
	}
	return out
}

// requireAcyclic fails when resources wait for each other, which CloudFormation refuses.
func requireAcyclic(t *testing.T, resources *yaml.Node) {
	t.Helper()
	names := keys(resources)
	needs := map[string][]string{}
	for i, name := range names {
		body := resources.Content[2*i+1]
		needs[name] = references(body)
		for _, key := range keys(body) {
			if key == "DependsOn" {
				for _, other := range at(t, body, key).Content {
					needs[name] = append(needs[name], other.Value)
				}
			}
		}
	}
	var visit func(name string, above []string)
	visit = func(name string, above []string) {
		require.NotContains(t, above, name, "a circle")
		for _, other := range needs[name] {
			if _, isResource := needs[other]; isResource {
				visit(other, append(above, name))
			}
		}
	}
	for _, name := range names {
		visit(name, nil)
	}
}

// filled returns a node as JSON with the variables replaced.
func filled(t *testing.T, n *yaml.Node, more map[string]string) string {
	t.Helper()
	values := map[string]string{"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": account, "Name": "chime"}
	maps.Copy(values, more)
	var fill func(n *yaml.Node) any
	fill = func(n *yaml.Node) any {
		if n.Kind == yaml.MappingNode {
			out := map[string]any{}
			for i := 0; i < len(n.Content); i += 2 {
				out[n.Content[i].Value] = fill(n.Content[i+1])
			}
			return out
		}
		if n.Kind == yaml.SequenceNode {
			out := []any{}
			for _, child := range n.Content {
				out = append(out, fill(child))
			}
			return out
		}
		if n.Tag == "!Ref" || n.Tag == "!GetAtt" {
			value, ok := values[n.Value]
			require.True(t, ok, n.Value)
			return value
		}
		if n.Tag == "!Sub" {
			return variable.ReplaceAllStringFunc(n.Value, func(m string) string {
				value, ok := values[strings.Trim(m, "${}")]
				require.True(t, ok, m)
				return value
			})
		}
		var plain any
		require.NoError(t, n.Decode(&plain))
		return plain
	}
	raw, err := json.Marshal(fill(n))
	require.NoError(t, err)
	return string(raw)
}
