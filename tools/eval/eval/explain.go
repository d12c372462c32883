package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	mostOperands = 12
	mostShown    = 300 // bytes of one value
	mostKeys     = 20
)

// explainer collects the parts of an expression that decided its value, each
// evaluated by itself.
type explainer struct {
	scope     *celScope
	info      *ast.SourceInfo
	variables map[string]any
	found     []operand
	seen      map[string]bool
}

func explain(scope *celScope, one *compiled, variables map[string]any) []operand {
	native := one.ast.NativeRep()
	e := &explainer{scope: scope, info: native.SourceInfo(), variables: variables, seen: map[string]bool{}}
	e.condition(native.Expr())
	if len(e.found) > mostOperands {
		e.found = e.found[:mostOperands]
	}
	return e.found
}

// condition goes through && and the like down to what compares.
func (e *explainer) condition(expr ast.Expr) {
	if expr.Kind() != ast.CallKind {
		e.operand(expr)
		return
	}
	call := expr.AsCall()
	switch call.FunctionName() {
	case operators.LogicalAnd:
		for _, arg := range call.Args() {
			if value, err := e.evaluate(arg); err != nil || value != types.True {
				e.condition(arg)
			}
		}
	case operators.LogicalOr, operators.LogicalNot:
		for _, arg := range call.Args() {
			e.condition(arg)
		}
	case operators.Conditional:
		args := call.Args()
		e.condition(args[0])
		switch value, err := e.evaluate(args[0]); {
		case err != nil:
		case value == types.True:
			e.condition(args[1])
		default:
			e.condition(args[2])
		}
	case operators.Index:
		e.operand(expr)
	default:
		if call.IsMemberFunction() {
			e.operand(call.Target())
		}
		for _, arg := range call.Args() {
			e.operand(arg)
		}
	}
}

// operand notes one part and its value. Where it has none, it notes how far the
// path to it goes; where it is computed, also what it is computed from.
func (e *explainer) operand(expr ast.Expr) {
	switch expr.Kind() {
	case ast.LiteralKind, ast.UnspecifiedExprKind:
		return
	case ast.ComprehensionKind:
		if value, err := e.evaluate(expr); err == nil && value.Type() != types.BoolType {
			e.note(expr, show(value))
		}
		e.operand(expr.AsComprehension().IterRange())
		return
	case ast.ListKind:
		for _, element := range expr.AsList().Elements() {
			e.operand(element)
		}
		return
	}
	value, err := e.evaluate(expr)
	if err != nil {
		e.note(expr, "error: "+err.Error())
		e.shorten(expr)
		return
	}
	e.note(expr, show(value))
	if expr.Kind() == ast.SelectKind && expr.AsSelect().IsTestOnly() && value == types.False {
		e.shorten(expr)
	}
	if expr.Kind() == ast.CallKind && expr.AsCall().FunctionName() != operators.Index {
		e.condition(expr)
	}
}

// shorten notes the longest beginning of a.b.c that is there, with its keys.
func (e *explainer) shorten(expr ast.Expr) {
	inner := parent(expr)
	if inner == nil {
		if expr.Kind() == ast.CallKind {
			e.condition(expr)
		}
		return
	}
	value, err := e.evaluate(inner)
	if err != nil {
		e.shorten(inner)
		return
	}
	e.note(inner, outline(value))
}

func parent(expr ast.Expr) ast.Expr {
	if expr.Kind() == ast.SelectKind {
		return expr.AsSelect().Operand()
	}
	if expr.Kind() == ast.CallKind && expr.AsCall().FunctionName() == operators.Index {
		return expr.AsCall().Args()[0]
	}
	return nil
}

func (e *explainer) note(expr ast.Expr, value string) {
	text, err := cel.ExprToString(expr, e.info)
	if err != nil || e.seen[text] {
		return
	}
	e.seen[text] = true
	e.found = append(e.found, operand{text, value})
}

// evaluate computes a part by its text: what depends on a macro's own variable
// has no value by itself, and is an error here.
func (e *explainer) evaluate(expr ast.Expr) (ref.Val, error) {
	text, err := cel.ExprToString(expr, e.info)
	if err != nil {
		return nil, err
	}
	one := e.scope.compile(text)
	if one.program == nil {
		return nil, fmt.Errorf("%s", one.problems[0].Message)
	}
	value, _, err := one.program.Eval(e.variables)
	return value, err
}

// show writes a value as JSON where it can be, cut to a readable length.
func show(value ref.Val) string {
	return cut(asJSON(value))
}

func asJSON(value ref.Val) string {
	switch v := value.(type) {
	case types.String:
		return encode(string(v))
	case types.Bool, types.Int, types.Uint, types.Double:
		return fmt.Sprint(value.Value())
	case types.Timestamp:
		return encode(v.Time)
	case types.Duration:
		return v.Duration.String()
	case types.Null:
		return "null"
	}
	native, err := value.ConvertToNative(reflect.TypeOf(&structpb.Value{}))
	if err != nil {
		return fmt.Sprint(value.Value())
	}
	return encode(native.(*structpb.Value).AsInterface())
}

// outline tells a map by its keys, and all else as show does.
func outline(value ref.Val) string {
	object, ok := value.Value().(map[string]any)
	if !ok {
		return show(value)
	}
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	more := ""
	if len(keys) > mostKeys {
		more = fmt.Sprintf(" and %d more", len(keys)-mostKeys)
		keys = keys[:mostKeys]
	}
	if len(keys) == 0 {
		return "{}"
	}
	return "has only " + strings.Join(keys, ", ") + more
}

func encode(value any) string {
	text := &strings.Builder{}
	encoder := json.NewEncoder(text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(readable(value)); err != nil {
		return fmt.Sprint(value)
	}
	return strings.TrimSpace(text.String())
}

func cut(text string) string {
	if len(text) <= mostShown {
		return text
	}
	return strings.ToValidUTF8(text[:mostShown], "") + "..."
}
