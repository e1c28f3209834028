package catalog

import (
	"fmt"
	"slices"
)

// pickerKinds are what x-ui-picker may name; see Picker.
var pickerKinds = []string{
	"StorageClass", "IngressClass", "PriorityClass", "Secret", "ConfigMap", "SecretKey", "ConfigMapKey", "Service",
	"ServicePort", "ServiceURL", "NodeLabel", "ClusterIssuer", "Namespace",
}

// sound tells what is wrong with the x-ui-* keywords of the fields, which no validator of schemas knows. Its
// text is for the template's author.
func sound(fields []Field) error {
	for i := range fields {
		f := &fields[i]
		if err := f.sound(); err != nil {
			return fmt.Errorf("%s: the property %q: %w", schemaFile, f.name, err)
		}
		inner := f.Fields
		if f.Item != nil {
			inner = []Field{*f.Item}
		}
		if err := sound(inner); err != nil {
			return err
		}
	}
	return nil
}

func (f *Field) sound() error {
	if f.Secret && f.Kind != Text && f.Kind != Multiline {
		return fmt.Errorf("x-ui-secret is for texts")
	}
	if f.Generate != "" {
		if !f.Secret {
			return fmt.Errorf("x-ui-generate is for fields with x-ui-secret")
		}
		if _, err := generated(f.Generate); err != nil {
			return err
		}
	}
	for _, s := range f.Shapes {
		if !f.Secret {
			return fmt.Errorf("x-ui-shapes is for the values of a map with x-ui-secret")
		}
		if err := s.sound(); err != nil {
			return err
		}
	}
	if f.Picker != nil && !slices.Contains(pickerKinds, f.Picker.Kind) {
		return fmt.Errorf("x-ui-picker has the kind %q; it is %s", f.Picker.Kind, orList(pickerKinds))
	}
	if f.Picker != nil {
		if _, err := scriptPattern(f.Picker.Keys); err != nil {
			return fmt.Errorf("x-ui-picker, keys: %w", err)
		}
	}
	for _, p := range f.Presets {
		if f.Kind != List || f.Item.Kind != Object {
			return fmt.Errorf("x-ui-presets is for lists of objects, and for the schema as a whole")
		}
		if err := p.sound(f.Item.Fields); err != nil {
			return err
		}
	}
	return nil
}

// sound tells whether a preset sets only what the form has.
func (p Preset) sound(fields []Field) error {
	if name := unknownInput(fields, p.Values, ""); name != "" {
		return fmt.Errorf("x-ui-presets: %q sets %s, which is no field", p.ID, name)
	}
	if at := plainSecrets(fields, p.Values); len(at) > 0 {
		return fmt.Errorf("x-ui-presets: %q gives a value for the secret %s; write null", p.ID, at[0])
	}
	return nil
}
