package awscmd

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"carillon/connectors/sns"
)

func TestDeliveryPolicyUsesAllThatSNSAllows(t *testing.T) {
	p, err := readRetryPolicy(sns.DeliveryPolicy())
	require.NoError(t, err)
	require.Equal(t, longestRetry, p.total())
	require.LessOrEqual(t, p.NumRetries, 100)
	require.Equal(t, p.NumRetries, p.NumNoDelayRetries+p.NumMinDelayRetries+p.NumMaxDelayRetries)
	for text, want := range map[string]time.Duration{
		"": time.Minute,
		`{"healthyRetryPolicy":{"numRetries":3,"minDelayTarget":20,"maxDelayTarget":20}}`:                                                time.Minute,
		`{"http":{"defaultHealthyRetryPolicy":{"numRetries":10,"numNoDelayRetries":10,"minDelayTarget":1,"maxDelayTarget":1}}}`:          0,
		`{"healthyRetryPolicy":{"numRetries":12,"numMinDelayRetries":1,"numMaxDelayRetries":1,"minDelayTarget":10,"maxDelayTarget":30}}`: 4 * time.Minute,
		`{"healthyRetryPolicy":null}`: time.Minute,
	} {
		got, err := readRetryPolicy(text)
		require.NoError(t, err)
		require.Equal(t, want, got.total(), text)
	}
	_, err = readRetryPolicy("x")
	require.Error(t, err)
}

func TestPatternsAreRead(t *testing.T) {
	all := `"` + strings.Join(detailTypes(), `","`) + `"`
	for name, c := range map[string]struct {
		text string
		want patternFacts
	}{
		"ours":           {`{"source":["aws.chime"],"detail-type":[` + all + `]}`, patternFacts{chime: true}},
		"everything":     {`{"source":["aws.chime"]}`, patternFacts{chime: true, all: true, cloudTrail: true}},
		"prefix":         {`{"source":[{"prefix":"aws."}],"detail-type":[{"anything-but":"AWS API Call via CloudTrail"}]}`, patternFacts{chime: true}},
		"other service":  {`{"source":["aws.s3"]}`, patternFacts{all: true, cloudTrail: true}},
		"one kind":       {`{"source":["aws.chime"],"detail-type":["Chime Meeting State Change"]}`, patternFacts{chime: true, missing: detailTypes()[1:]}},
		"narrowed":       {`{"source":["aws.chime"],"detail-type":[` + all + `],"detail":{"eventType":["chime:MeetingEnded"]},"region":["x"]}`, patternFacts{chime: true, narrowed: []string{"detail", "region"}}},
		"no pattern":     {"", patternFacts{}},
		"wildcards":      {`{"source":[{"wildcard":"aws.ch*"}],"detail-type":[{"wildcard":"*"}]}`, patternFacts{chime: true, cloudTrail: true}},
		"all but a list": {`{"source":[{"anything-but":["aws.s3"]}],"detail-type":[{"suffix":"e"},{"suffix":"d"},{"suffix":"s"},{"equals-ignore-case":"x"}]}`, patternFacts{chime: true, missing: nil}},
	} {
		t.Run(name, func(t *testing.T) {
			got := readPattern(c.text)
			if len(got.narrowed) == 0 {
				got.narrowed = nil
			}
			require.Equal(t, c.want, got)
		})
	}
}

// TestRulesAreJudged covers what only AWS itself can be set to.
func TestRulesAreJudged(t *testing.T) {
	few, short := int32(3), int32(60)
	s := Scope{Partition: "aws", Region: "us-east-1", Account: testAccount, Namespace: NamespaceMeetings}
	bus := &busTarget{path: "/eventbridge", auth: "API_KEY", header: "x-api-key"}
	good := func() ruleFacts {
		return ruleFacts{name: "chime", arn: s.ruleARN("chime"), state: "ENABLED", pattern: patternFacts{chime: true}, targets: []targetFacts{{
			id: "carillon", arn: s.arn("events", "api-destination/carillon/1"), role: "arn:aws:iam::111122223333:role/invoke",
			destination: &destinationFacts{
				name: "carillon", url: "https://x.example/in/eventbridge", method: "POST", state: "ACTIVE", connection: "AUTHORIZED",
				auth: "API_KEY", header: "X-Api-Key",
			},
			deadLetter: s.arn("sqs", "dead"), dead: deadFacts{queue: &queueFacts{attributes: map[string]string{
				"Policy": `{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}`,
			}}},
		}}}
	}
	for name, c := range map[string]struct {
		change func(r *ruleFacts, t *targetFacts)
		check  string
		want   Severity
	}{
		"transformer":           {func(_ *ruleFacts, t *targetFacts) { t.transformed = "InputTransformer" }, "transform", Wrong},
		"input path":            {func(_ *ruleFacts, t *targetFacts) { t.transformed = "InputPath" }, "transform", Wrong},
		"disabled":              {func(r *ruleFacts, _ *targetFacts) { r.state = "DISABLED" }, "rule", Wrong},
		"few attempts":          {func(_ *ruleFacts, t *targetFacts) { t.attempts = &few }, "target_retries", Warn},
		"short age":             {func(_ *ruleFacts, t *targetFacts) { t.age = &short }, "target_retries", Warn},
		"no role":               {func(_ *ruleFacts, t *targetFacts) { t.role = "" }, "role", Wrong},
		"inactive":              {func(_ *ruleFacts, t *targetFacts) { t.destination.state = "INACTIVE" }, "destination", Wrong},
		"put":                   {func(_ *ruleFacts, t *targetFacts) { t.destination.method = "PUT" }, "destination", Wrong},
		"deauthorized":          {func(_ *ruleFacts, t *targetFacts) { t.destination.connection = "DEAUTHORIZED" }, "connection", Wrong},
		"other kind of key":     {func(_ *ruleFacts, t *targetFacts) { t.destination.auth = "BASIC" }, "connection", Wrong},
		"other header":          {func(_ *ruleFacts, t *targetFacts) { t.destination.header = "authorization" }, "connection", Wrong},
		"other path":            {func(_ *ruleFacts, t *targetFacts) { t.destination.url = "https://x.example/other" }, "rule", Wrong},
		"unread destination":    {func(_ *ruleFacts, t *targetFacts) { t.destination, t.err = nil, errors.New("denied") }, "access", Warn},
		"unread connection":     {func(_ *ruleFacts, t *targetFacts) { t.err = errors.New("denied") }, "access", Warn},
		"meetings left out":     {func(r *ruleFacts, _ *targetFacts) { r.pattern.missing = detailTypes() }, "pattern", Wrong},
		"insights left out":     {func(r *ruleFacts, _ *targetFacts) { r.pattern.missing = detailTypes()[3:5] }, "pattern", Warn},
		"narrowed":              {func(r *ruleFacts, _ *targetFacts) { r.pattern.narrowed = []string{"detail"} }, "pattern", Warn},
		"records of CloudTrail": {func(r *ruleFacts, _ *targetFacts) { r.pattern.cloudTrail = true }, "cloudtrail", Warn},
		"no dead letters":       {func(_ *ruleFacts, t *targetFacts) { t.deadLetter = "" }, "undelivered", Warn},
		"dead letters refused":  {func(_ *ruleFacts, t *targetFacts) { t.dead.queue.attributes = nil }, "undelivered", Wrong},
		"dead letters unread":   {func(_ *ruleFacts, t *targetFacts) { t.dead = deadFacts{err: errors.New("denied")} }, "undelivered", Warn},
	} {
		t.Run(name, func(t *testing.T) {
			rule := good()
			f := &findings{source: "sources.bus"}
			judgeBus(f, s, bus, []ruleFacts{rule})
			require.Empty(t, problems(f.list), "without the change all is well")

			c.change(&rule, &rule.targets[0])
			f = &findings{source: "sources.bus"}
			judgeBus(f, s, bus, []ruleFacts{rule})
			require.Equal(t, []string{c.check + " " + string(c.want)}, problems(f.list))
		})
	}
}

// problems lists the checks that are not ok.
func problems(list []Finding) []string {
	var out []string
	for i := range list {
		if list[i].Severity != OK {
			out = append(out, list[i].Check+" "+string(list[i].Severity))
		}
	}
	return out
}

func TestQueueTargetsNeedNoRole(t *testing.T) {
	s := Scope{Partition: "aws", Region: "us-east-1", Account: testAccount}
	f := &findings{}
	judgeTarget(f, s, &ruleFacts{name: "chime"}, &targetFacts{id: "queue", arn: testQueue, role: "arn:aws:iam::111122223333:role/x"})
	require.Contains(t, problems(f.list), "role warn")
	require.NotContains(t, f.list[1].Mend, "RoleArn")
}

func TestSubscriptionFilterIsReported(t *testing.T) {
	f := &findings{}
	judgeDeliveries(f, Scope{}, &topicTarget{raw: true}, &subscriber{attributes: map[string]string{"FilterPolicy": `{"kind":["x"]}`, "EffectiveDeliveryPolicy": "x", "RawMessageDelivery": "true"}})
	require.Equal(t, []string{"filter warn", "retries warn", "undelivered warn"}, problems(f.list))
}

func TestRegionsAreJudged(t *testing.T) {
	for name, c := range map[string]struct {
		scope Scope
		fed   bool
		want  []string
	}{
		"control region":         {Scope{Region: "us-east-1", Namespace: NamespaceBoth}, false, nil},
		"older API elsewhere":    {Scope{Region: "eu-central-1", Namespace: NamespaceChime}, false, []string{"region wrong"}},
		"no control region":      {Scope{Region: "eu-west-1", Namespace: NamespaceMeetings}, false, []string{"region wrong"}},
		"fed from another place": {Scope{Region: "eu-west-1", Namespace: NamespaceMeetings}, true, []string{"region warn"}},
	} {
		f := &findings{}
		judgeRegion(f, c.scope, ResourceQueue, testQueue, c.fed)
		require.Equal(t, c.want, problems(f.list), name)
	}
	f := &findings{}
	judgeBus(f, Scope{Region: "eu-west-1"}, &busTarget{path: "/eventbridge"}, nil)
	require.Equal(t, []string{"region wrong", "rule wrong"}, problems(f.list))
}

// TestCommandsReachTheShellAsMeant runs quoted words through a shell and compares what arrives.
func TestCommandsReachTheShellAsMeant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-z0-9 '"$\\{}();&|<>*?~#!=%-]{0,12}`), 1, 4).Draw(t, "words")
		for i := range words {
			words[i] = strings.TrimPrefix(words[i], "$(")
		}
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s\\n' "+command(words...)).Output()
		require.NoError(t, err)
		require.Equal(t, strings.Join(words, "\n")+"\n", string(out))
	})
	out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf '%s' "+command("$(printf 'a  b')")).Output()
	require.NoError(t, err)
	require.Equal(t, "a  b", string(out))
}
