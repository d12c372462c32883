// Command seatrial-eval answers for seatrial what kuttl leaves to Go libraries:
// CEL expressions, templates, and the values of --template-var. One request a
// line on descriptor 3, one answer a line on stdout; see README.md one folder up.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
)

type request struct {
	ID   int64           `json:"id"`
	Op   string          `json:"op"`
	Body json.RawMessage `json:"body"`
}

type answer struct {
	ID    int64  `json:"id"`
	Body  any    `json:"body,omitempty"`
	Error string `json:"error,omitempty"`
}

// problem is a mistake of the suite's author, where known with its place in the text.
type problem struct {
	Message string `json:"message"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
}

const requestsFD = 3

func main() {
	if len(os.Args) > 1 {
		if os.Args[1] != "--version" {
			fmt.Fprintln(os.Stderr, "seatrial-eval is started by seatrial; by hand it knows --version only")
			os.Exit(2)
		}
		fmt.Println(versions())
		return
	}
	if err := serve(os.NewFile(requestsFD, "requests"), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "seatrial-eval:", err)
		os.Exit(1)
	}
}

func versions() string {
	text := "seatrial-eval"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return text
	}
	for _, dep := range info.Deps {
		switch dep.Path {
		case "github.com/google/cel-go", "github.com/Masterminds/sprig/v3", "gopkg.in/yaml.v3":
			text += fmt.Sprintf(" %s %s", dep.Path, strings.TrimPrefix(dep.Version, "v"))
		}
	}
	return text
}

func serve(requests io.Reader, answers io.Writer) error {
	reader := bufio.NewReaderSize(requests, 1<<16)
	writer := bufio.NewWriterSize(answers, 1<<16)
	encoder := json.NewEncoder(writer)
	encoder.SetEscapeHTML(false)
	cel := newCelCache()
	for {
		line, err := reader.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a request: %w", err)
		}
		if err := encoder.Encode(respond(cel, line)); err != nil {
			return fmt.Errorf("writing an answer: %w", err)
		}
		if err := writer.Flush(); err != nil {
			return fmt.Errorf("writing an answer: %w", err)
		}
	}
}

// respond never fails: a bad request, or a library that panics over one, gives
// an answer that says so.
func respond(cel *celCache, line []byte) (result answer) {
	var asked request
	defer func() {
		if trouble := recover(); trouble != nil {
			result = answer{ID: asked.ID, Error: fmt.Sprint("panic: ", trouble)}
		}
	}()
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{Error: fmt.Sprint("not a request: ", err)}
	}
	body, err := dispatch(cel, asked)
	if err != nil {
		return answer{ID: asked.ID, Error: err.Error()}
	}
	return answer{ID: asked.ID, Body: body}
}

func dispatch(cel *celCache, asked request) (any, error) {
	switch asked.Op {
	case "compile":
		return run(asked.Body, cel.compile)
	case "evaluate":
		return run(asked.Body, cel.evaluate)
	case "template":
		return run(asked.Body, render)
	case "values":
		return run(asked.Body, parseValues)
	}
	return nil, fmt.Errorf("unknown operation %q", asked.Op)
}

func run[In, Out any](body json.RawMessage, do func(In) (Out, error)) (any, error) {
	var in In
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	return do(in)
}
