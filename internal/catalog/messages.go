package catalog

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// The sentences say what to type instead, in the words of the field, never in the validator's.

func notANumber(f *Field) string {
	what := "Write a number"
	if f.Integer {
		what = "Write a whole number"
	}
	switch {
	case f.Min != nil && f.Max != nil:
		return fmt.Sprintf("%s from %s to %s.", what, textOf(*f.Min), textOf(*f.Max))
	case f.Example != "":
		return what + " such as " + f.Example + "."
	}
	return what + "."
}

func notAChoice(f *Field) string {
	var titles []string
	for _, o := range f.Options {
		if o.Title != "" {
			titles = append(titles, o.Title)
		}
	}
	return "Choose one of: " + strings.Join(titles, ", ") + "."
}

// empty asks for a value that is missing.
func empty(f *Field) string {
	switch f.Kind {
	case Number:
		return notANumber(f)
	case Choice:
		return notAChoice(f)
	case List, Map:
		return "Add a row and fill it in."
	case Text, Multiline:
		return unfit(f)
	}
	return "Fill this in."
}

// unfit says what a text must look like.
func unfit(f *Field) string {
	if f.PatternHelp != "" {
		return f.PatternHelp
	}
	what := withArticle(f.Title)
	if f.Example != "" {
		return fmt.Sprintf("Write %s such as %s.", what, f.Example)
	}
	return fmt.Sprintf("Write %s.", what)
}

func withArticle(title string) string {
	t := lowerTitle(title)
	if t == "" {
		return "a value"
	}
	if strings.ContainsRune("aeioAEIO", rune(t[0])) {
		return "an " + t
	}
	return "a " + t
}

// say translates one finding of the validator at a field.
func say(f *Field, k jsonschema.ErrorKind) (message string, priority int) {
	switch k := k.(type) {
	case *kind.Required:
		return empty(f), usual
	case *kind.Type:
		if f.Kind == Number {
			return notANumber(f), grave
		}
		return empty(f), grave
	case *kind.Enum, *kind.Const:
		if f.Kind == Choice {
			return notAChoice(f), usual
		}
		return unfit(f), usual
	case *kind.Pattern, *kind.Format:
		return unfit(f), usual
	case *kind.MinLength:
		if k.Got == 0 {
			return empty(f), usual
		}
		return fmt.Sprintf("Take %s or more.", counted(k.Want, "character")), usual
	case *kind.MaxLength:
		return fmt.Sprintf("Take %s or fewer.", counted(k.Want, "character")), usual
	case *kind.Minimum:
		return fmt.Sprintf("Take %s or more.", decimal(k.Want)), usual
	case *kind.Maximum:
		return fmt.Sprintf("Take %s or less.", decimal(k.Want)), usual
	case *kind.ExclusiveMinimum:
		return fmt.Sprintf("Take more than %s.", decimal(k.Want)), usual
	case *kind.ExclusiveMaximum:
		return fmt.Sprintf("Take less than %s.", decimal(k.Want)), usual
	case *kind.MultipleOf:
		return fmt.Sprintf("Take a multiple of %s.", decimal(k.Want)), usual
	case *kind.MinItems:
		return fmt.Sprintf("Take %s or more.", counted(k.Want, "row")), usual
	case *kind.MinProperties:
		return fmt.Sprintf("Take %s or more.", counted(k.Want, "row")), usual
	case *kind.MaxItems:
		return fmt.Sprintf("Take %s or fewer.", counted(k.Want, "row")), usual
	case *kind.MaxProperties:
		return fmt.Sprintf("Take %s or fewer.", counted(k.Want, "row")), usual
	case *kind.UniqueItems:
		return fmt.Sprintf("Rows %d and %d are the same. Remove one.", k.Duplicates[0]+1, k.Duplicates[1]+1), usual
	case *kind.FalseSchema, *kind.Not:
		return "Leave this empty, given the other values.", minor
	}
	return "This does not go with the other values. " + unfit(f), minor
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return grouped(n) + " " + what + "s"
}

func decimal(r *big.Rat) string {
	s := r.FloatString(6)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
