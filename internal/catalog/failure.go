package catalog

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
)

// failure words the error of a template for its author: the innermost place and what is wrong there, then from
// where it was called. What the author says with fail or required stands as it is.
func failure(err error) error {
	where, inner := places(err)
	if len(where) == 0 {
		return err
	}
	if s, ok := errors.AsType[*authorSays](err); ok {
		return fmt.Errorf("execution error at (%s): %s", where[0], s.message)
	}
	text := strings.ReplaceAll(strings.TrimPrefix(inner, "template: "), " | "+printFunc, "")
	// What was put into the tree is not the author's, see countMethods.
	text = strings.NewReplacer(" | "+takeFunc, "", " | "+globFunc, "", " at <"+takeFunc+">", "").Replace(text)
	const most = 5 // places of a recursion are always the same ones
	if called := where[:len(where)-1]; len(called) > 0 {
		text += ", called from " + strings.Join(called[max(0, len(called)-most):], ", ")
	}
	return errors.New(text)
}

// places are where the templates were that called each other, "web/templates/a.yaml:3:14", the outermost first, and
// what the innermost says.
func places(err error) (where []string, inner string) {
	for e := (template.ExecError{}); errors.As(err, &e); err = e.Err {
		inner = e.Error()
		at, _, _ := strings.Cut(strings.TrimPrefix(inner, "template: "), ": ")
		where = append(where, at)
	}
	return where, inner
}

// parseError words what the parser says as Helm does: the place, and what is wrong there.
func parseError(name string, err error) error {
	parts := strings.Split(err.Error(), ": ")
	if len(parts) < 3 {
		return fmt.Errorf("parse error in (%s): %w", name, err)
	}
	return fmt.Errorf("parse error at (%s): %s", parts[1], parts[len(parts)-1])
}
