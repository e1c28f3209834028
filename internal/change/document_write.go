package change

import (
	"bytes"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/catalog"
	"slipway.dev/slipway/internal/manifest"
)

// WriteDocument writes d so that ReadDocuments reads the same: the same document gives the same bytes.
// Tokens that stand for secret values are written as null, since a file is no place for them and they
// mean nothing elsewhere. It returns manifest.ErrNotText for text that YAML cannot hold.
func WriteDocument(w io.Writer, d Document) error {
	var b bytes.Buffer
	for _, field := range []struct{ name, value string }{
		{"template", d.Template}, {"version", d.Version}, {"team", d.Team}, {"environment", d.Environment}, {"name", d.Name},
	} {
		if field.value == "" {
			continue
		}
		if err := writeField(&b, field.name, field.value); err != nil {
			return err
		}
	}
	if err := writeField(&b, "inputs", withoutTokens(map[string]any(d.Inputs))); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

func writeField(b *bytes.Buffer, name string, v any) error {
	text, err := manifest.YAML(&unstructured.Unstructured{Object: map[string]any{name: v}})
	b.Write(text)
	return err
}

// withoutTokens copies v with null where a token stands.
func withoutTokens(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, x := range v {
			m[k] = withoutTokens(x)
		}
		return m
	case catalog.Inputs:
		return withoutTokens(map[string]any(v))
	case []any:
		l := make([]any, len(v))
		for i, x := range v {
			l[i] = withoutTokens(x)
		}
		return l
	case string:
		if manifest.IsToken(v) {
			return nil
		}
	}
	return v
}
