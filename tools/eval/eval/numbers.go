package main

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// asClusterObject reads JSON as Kubernetes' libraries read an object: numbers
// without a point or exponent that fit are int64, all others float64.
func asClusterObject(raw []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return withNumbers(value)
}

func withNumbers(value any) (any, error) {
	var err error
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			if v[key], err = withNumbers(inner); err != nil {
				return nil, err
			}
		}
	case []any:
		for i, inner := range v {
			if v[i], err = withNumbers(inner); err != nil {
				return nil, err
			}
		}
	case json.Number:
		if !strings.ContainsAny(v.String(), ".eE") {
			if whole, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
				return whole, nil
			}
		}
		return v.Float64()
	}
	return value, nil
}

// readable turns floats that are whole numbers into integers, everywhere, so
// that they print as such; what is no number it leaves as it is.
func readable(value any) any {
	const largestExact = 1 << 53
	switch v := value.(type) {
	case float64:
		if v == math.Trunc(v) && math.Abs(v) <= largestExact {
			return int64(v)
		}
	case []any:
		copied := make([]any, len(v))
		for i, inner := range v {
			copied[i] = readable(inner)
		}
		return copied
	case map[string]any:
		copied := make(map[string]any, len(v))
		for key, inner := range v {
			copied[key] = readable(inner)
		}
		return copied
	}
	return value
}
