package catalog

// rowDefaults are the defaults of a row of a list or a map: of its fields, where it is an object.
func (f *Field) rowDefaults() map[string]any {
	if f.Kind != Object {
		return nil
	}
	return itemDefaults(f)
}

// rowsCompleted lays the rows of lists and maps over the defaults of their fields, at every depth.
// The values of objects are changed in place and given back; rows are made anew.
func rowsCompleted(fields []Field, values map[string]any) map[string]any {
	for i := range fields {
		f := &fields[i]
		if v, ok := values[f.name]; ok {
			values[f.name] = f.rowsCompleted(v)
		}
	}
	return values
}

func (f *Field) rowsCompleted(v any) any {
	return f.within(v, func(f *Field, m map[string]any) map[string]any { return rowsCompleted(f.Fields, m) }, (*Field).rowCompleted)
}

func (f *Field) rowCompleted(v any) any {
	if m, ok := v.(map[string]any); ok && f.Kind == Object {
		v = merged(itemDefaults(f), m, false)
	}
	return f.rowsCompleted(v)
}

// filledIn gives every declared field a value, so that a template can name each without asking whether
// it is there: the empty one of its kind where nobody set any and there is no default. Objects are
// changed in place and given back; rows are made anew.
func filledIn(fields []Field, values map[string]any) map[string]any {
	for i := range fields {
		f := &fields[i]
		v, ok := values[f.name]
		if !ok || v == nil {
			if f.Kind == Unknown {
				continue
			}
			v = f.nothing()
		}
		values[f.name] = f.filledIn(v)
	}
	return values
}

func (f *Field) filledIn(v any) any {
	return f.within(v, func(f *Field, m map[string]any) map[string]any { return filledIn(f.Fields, m) }, (*Field).filledIn)
}

// nothing is the empty value of a field's kind; a number has none.
func (f *Field) nothing() any {
	switch f.Kind {
	case Text, Multiline, Choice:
		return ""
	case Switch:
		return false
	case List:
		return []any{}
	case Map, Object:
		return map[string]any{}
	}
	return nil
}
