// Package internal gets one more method: see recipe.
package internal

// ModulePath is what the testing package of Go 1.26 asks of its driver.
func (*TestDeps) ModulePath() string { return "" }
