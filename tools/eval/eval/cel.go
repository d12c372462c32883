package main

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/google/cel-go/cel"
)

type compileRequest struct {
	Refs        []string `json:"refs"`
	Expressions []string `json:"expressions"`
}

type compileAnswer struct {
	// For each expression: null, or what is wrong with it.
	Problems [][]problem `json:"problems"`
}

type evaluateRequest struct {
	compileRequest
	Variables map[string]json.RawMessage `json:"variables"`
	Explain   bool                       `json:"explain"`
}

type evaluateAnswer struct {
	Results []truth `json:"results"`
}

// truth is what one expression came to.
type truth struct {
	Holds    bool      `json:"holds"`
	Value    string    `json:"value"`
	Error    string    `json:"error,omitempty"`
	Operands []operand `json:"operands,omitempty"`
}

// operand is a part of an expression with its value.
type operand struct {
	Text  string `json:"text"`
	Value string `json:"value"`
}

// celCache keeps what was compiled: a step evaluates the same expressions again
// and again.
type celCache struct {
	scopes map[string]*celScope
}

// celScope is what the expressions of TestAsserts with the same refs share.
type celScope struct {
	env      *cel.Env
	compiled map[string]*compiled
}

type compiled struct {
	ast      *cel.Ast
	program  cel.Program
	problems []problem
}

func newCelCache() *celCache {
	return &celCache{scopes: map[string]*celScope{}}
}

// scope makes the environment as kuttl does (internal/expressions): the standard
// library and macros, and each ref as a variable of any type. Remembering the
// macros changes no meaning; it lets `has(x.y)` be shown as it was written.
func (c *celCache) scope(refs []string) (*celScope, error) {
	sorted := append([]string(nil), refs...)
	sort.Strings(sorted)
	key := strings.Join(sorted, "\x00")
	if known, ok := c.scopes[key]; ok {
		return known, nil
	}
	env, err := cel.NewEnv(cel.EnableMacroCallTracking())
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		if env, err = env.Extend(cel.Variable(ref, cel.DynType)); err != nil {
			return nil, fmt.Errorf("ref %q: %w", ref, err)
		}
	}
	made := &celScope{env: env, compiled: map[string]*compiled{}}
	c.scopes[key] = made
	return made, nil
}

func (s *celScope) compile(text string) *compiled {
	if known, ok := s.compiled[text]; ok {
		return known
	}
	made := &compiled{}
	s.compiled[text] = made
	ast, issues := s.env.Compile(text)
	if issues != nil && issues.Err() != nil {
		for _, issue := range issues.Errors() {
			made.problems = append(made.problems,
				problem{issue.Message, issue.Location.Line(), issue.Location.Column() + 1})
		}
		return made
	}
	program, err := s.env.Program(ast)
	if err != nil {
		made.problems = []problem{{Message: err.Error()}}
		return made
	}
	made.ast, made.program = ast, program
	return made
}

func (c *celCache) compile(asked compileRequest) (compileAnswer, error) {
	scope, err := c.scope(asked.Refs)
	if err != nil {
		return compileAnswer{}, err
	}
	result := compileAnswer{Problems: make([][]problem, len(asked.Expressions))}
	for i, text := range asked.Expressions {
		result.Problems[i] = scope.compile(text).problems
	}
	return result, nil
}

func (c *celCache) evaluate(asked evaluateRequest) (evaluateAnswer, error) {
	scope, err := c.scope(asked.Refs)
	if err != nil {
		return evaluateAnswer{}, err
	}
	variables := map[string]any{}
	for ref, raw := range asked.Variables {
		if variables[ref], err = asClusterObject(raw); err != nil {
			return evaluateAnswer{}, fmt.Errorf("variable %s: %w", ref, err)
		}
	}
	result := evaluateAnswer{Results: make([]truth, len(asked.Expressions))}
	for i, text := range asked.Expressions {
		one := scope.compile(text)
		if one.program == nil {
			return evaluateAnswer{}, fmt.Errorf("expression %q does not compile: %s", text, one.problems[0].Message)
		}
		result.Results[i] = judge(one, variables)
		if asked.Explain && !result.Results[i].Holds {
			result.Results[i].Operands = explain(scope, one, variables)
		}
	}
	return result, nil
}

// judge decides as kuttl: only the value true holds, and an error is no value.
func judge(one *compiled, variables map[string]any) truth {
	value, _, err := one.program.Eval(variables)
	if err != nil {
		return truth{Error: err.Error()}
	}
	return truth{Holds: value.Value() == true, Value: show(value)}
}
