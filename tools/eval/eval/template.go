package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"unsafe"

	"github.com/Masterminds/sprig/v3"
	"gopkg.in/yaml.v3"
)

type templateRequest struct {
	Name string          `json:"name"`
	Text string          `json:"text"`
	Data json.RawMessage `json:"data"`
}

type templateAnswer struct {
	Text string `json:"text"`
	// The line of the template that each line of the text began at.
	Lines   []int    `json:"lines,omitempty"`
	Problem *problem `json:"problem,omitempty"`
}

// environment is what kuttl's templates see (internal/template). Numbers come
// out of JSON, so all are float64, as in kuttl.
type environment struct {
	Namespace string
	Vars      map[string]any
}

func render(asked templateRequest) (templateAnswer, error) {
	var data environment
	if err := json.Unmarshal(asked.Data, &data); err != nil {
		return templateAnswer{}, err
	}
	parsed, err := template.New(asked.Name).Funcs(functions()).Parse(asked.Text)
	if err != nil {
		return templateAnswer{Problem: placed(asked.Name, err)}, nil
	}
	out := &tracer{source: asked.Text, line: 1, starts: map[*byte]int{}}
	for _, one := range parsed.Templates() {
		if one.Tree != nil {
			out.prepare(one.Tree.Root)
		}
	}
	if err := parsed.Execute(out, data); err != nil {
		return templateAnswer{Problem: placed(asked.Name, err)}, nil
	}
	return templateAnswer{Text: out.text.String(), Lines: out.lines}, nil
}

// printed is the name, out of reach for an author, of what is put behind the
// last word of every action that prints.
const printed = "_seatrial_printed"

// functions are sprig's as in kuttl. Only the texts of numbers differ: kuttl
// prints 1000000 as 1e+06, because its numbers have become floats. The numbers
// themselves stay floats, so everything computes and compares as in kuttl.
func functions() template.FuncMap {
	known := sprig.TxtFuncMap()
	known[printed] = func(value any) any {
		if value == nil {
			return "<no value>" // as text/template itself would print it
		}
		return readable(value)
	}
	known["print"] = func(args ...any) string { return fmt.Sprint(readable(args).([]any)...) }
	known["println"] = func(args ...any) string { return fmt.Sprintln(readable(args).([]any)...) }
	for _, name := range []string{"quote", "squote", "cat"} {
		original := known[name].(func(...any) string)
		known[name] = func(args ...any) string { return original(readable(args).([]any)...) }
	}
	toString := known["toString"].(func(any) string)
	known["toString"] = func(value any) string { return toString(readable(value)) }
	join := known["join"].(func(string, any) string)
	known["join"] = func(separator string, list any) string { return join(separator, readable(list)) }
	return known
}

// tracer takes a template's output and notes which line of the template each of
// its lines stems from. Text is recognised by its address: text/template hands
// it on as it stands in the parsed tree. What an action prints belongs to the
// line that the text before it ended on.
type tracer struct {
	source string
	text   bytes.Buffer
	starts map[*byte]int // where each text of the template begins in the source
	line   int           // of the template, where we are
	lines  []int
	inside bool // a line of the output has begun
}

func (t *tracer) Write(piece []byte) (int, error) {
	if len(piece) == 0 {
		return 0, nil
	}
	start, own := t.starts[unsafe.SliceData(piece)]
	if own {
		t.line = 1 + strings.Count(t.source[:start], "\n")
	}
	for _, char := range piece {
		if !t.inside {
			t.lines = append(t.lines, t.line)
			t.inside = true
		}
		if char == '\n' {
			t.inside = false
			if own {
				t.line++
			}
		}
	}
	return t.text.Write(piece)
}

// prepare finds all texts below a node, and has all numbers printed readably.
func (t *tracer) prepare(node parse.Node) {
	switch n := node.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, inner := range n.Nodes {
			t.prepare(inner)
		}
	case *parse.TextNode:
		if len(n.Text) > 0 {
			t.starts[unsafe.SliceData(n.Text)] = int(n.Pos)
		}
	case *parse.ActionNode:
		if len(n.Pipe.Decl) == 0 {
			word := parse.NewIdentifier(printed).SetPos(n.Pipe.Pos)
			n.Pipe.Cmds = append(n.Pipe.Cmds,
				&parse.CommandNode{NodeType: parse.NodeCommand, Pos: n.Pipe.Pos, Args: []parse.Node{word}})
		}
	case *parse.IfNode:
		t.prepareBranch(&n.BranchNode)
	case *parse.RangeNode:
		t.prepareBranch(&n.BranchNode)
	case *parse.WithNode:
		t.prepareBranch(&n.BranchNode)
	}
}

func (t *tracer) prepareBranch(branch *parse.BranchNode) {
	t.prepare(branch.List)
	t.prepare(branch.ElseList)
}

// placed takes the place out of a message such as "template: 00-a.gotmpl.yaml:3:7: executing ...".
func placed(name string, err error) *problem {
	message := err.Error()
	where := regexp.MustCompile(`^template: ` + regexp.QuoteMeta(name) + `:(\d+)(?::(\d+))?: `)
	found := where.FindStringSubmatch(message)
	if found == nil {
		return &problem{Message: message}
	}
	line, _ := strconv.Atoi(found[1])
	column := 0
	if found[2] != "" {
		column, _ = strconv.Atoi(found[2])
		column++ // text/template counts bytes from 0
	}
	return &problem{Message: message[len(found[0]):], Line: line, Column: column}
}

type valuesRequest struct {
	Values map[string]string `json:"values"`
}

type valuesAnswer struct {
	Values  map[string]any `json:"values,omitempty"`
	Problem *problem       `json:"problem,omitempty"`
}

// parseValues reads each value of --template-var as kuttl does.
func parseValues(asked valuesRequest) (valuesAnswer, error) {
	result := valuesAnswer{Values: map[string]any{}}
	for name, text := range asked.Values {
		var value any
		err := yaml.Unmarshal([]byte(text), &value)
		if err == nil {
			_, err = json.Marshal(value) // templates get it through JSON
		}
		if err != nil {
			return valuesAnswer{Problem: &problem{Message: fmt.Sprintf("the value of %q: %v", name, err)}}, nil
		}
		result.Values[name] = value
	}
	return result, nil
}
