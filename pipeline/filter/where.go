package filter

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/interpreter"

	"carillon/pipeline"
)

const (
	// maxWhere is how many characters an expression may have, maxDepth how deep it may be nested.
	maxWhere = 4096
	maxDepth = 64
	// maxCost bounds one evaluation in units of CEL: one for each operation, and one for each ten characters that a text
	// function looks at. It is about 10 ms at most; a comparison of a field costs 3.
	maxCost = 20_000
)

// Where is a compiled expression.
type Where struct{ program cel.Program }

// Compile compiles and checks an expression. The error joins every problem; each begins with "line L, column C: " where it has
// a place.
func Compile(expression string) (*Where, error) {
	if n := len([]rune(expression)); n > maxWhere {
		return nil, fmt.Errorf("has %d characters, more than %d", n, maxWhere)
	}
	env, err := cel.NewEnv(
		cel.Variable("kind", cel.StringType), cel.Variable("key", cel.StringType), cel.Variable("attendee", cel.StringType),
		cel.Variable("source", cel.StringType), cel.Variable("gap", cel.StringType), cel.Variable("time", cel.TimestampType),
		cel.Variable("late", cel.BoolType), cel.Variable("detail", cel.DynType), cel.Variable("body", cel.DynType),
		cel.ParserRecursionLimit(maxDepth),
	)
	if err != nil {
		return nil, fmt.Errorf("preparing expressions: %w", err)
	}
	ast, issues := env.Compile(expression)
	if issues.Err() != nil {
		return nil, explain(issues.Errors())
	}
	if t := ast.OutputType(); !t.IsExactType(cel.BoolType) {
		return nil, fmt.Errorf("must be true or false, but is %s: compare it with something", plainType(t))
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(maxCost))
	if err != nil {
		return nil, fmt.Errorf("preparing the expression: %w", err)
	}
	return &Where{program: program}, nil
}

// explain turns what the compiler found into errors with a place.
func explain(found []*common.Error) error {
	errs := make([]error, len(found))
	for i, f := range found {
		message := strings.TrimSuffix(f.Message, " (in container '')")
		switch {
		case strings.HasPrefix(message, "undeclared reference"):
			message += "; there are kind, key, attendee, source, time, late, gap, detail and body"
		case strings.Contains(message, "token recognition error at: '= "):
			message += "; == compares"
		case strings.Contains(message, "'_>_' applied to '(bool, "), strings.Contains(message, "'_<_' applied to '(bool, "):
			message += "; late is only true or false"
		}
		errs[i] = fmt.Errorf("line %d, column %d: %s", f.Location.Line(), f.Location.Column()+1, message)
	}
	return errors.Join(errs...)
}

func plainType(t *cel.Type) string {
	if t.IsExactType(cel.DynType) {
		return "whatever the notification holds"
	}
	return "of type " + t.String()
}

// judge evaluates the expression for e.
func (w *Where) judge(e *pipeline.Event) Verdict {
	out, _, err := w.program.Eval(&variables{event: e})
	switch {
	case err == nil && out == types.True:
		return Wanted
	case err == nil:
		return Unwanted
	}
	if _, cancelled := errors.AsType[interpreter.EvalCancelledError](err); cancelled {
		return Costly
	}
	return Absent
}
