package catalog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/manifest"
)

// objects reads the objects of the rendered files.
func objects(files map[string]string) (manifest.Set, error) {
	total := 0
	for _, text := range files {
		total += len(text)
	}
	if total > maxOutputBytes {
		return nil, tooMuch("what the chart makes", maxOutputBytes, "bytes")
	}
	var set manifest.Set
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Base(name) == "NOTES.txt" {
			continue
		}
		more, err := documents(files[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if set = append(set, more...); len(set) > maxObjects {
			return nil, tooMuch("a chart", maxObjects, "objects")
		}
	}
	return set, nil
}

// documents reads the objects of one file. A document without content is none.
func documents(text string) (manifest.Set, error) {
	var set manifest.Set
	r := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(text)))
	for n := 1; ; n++ {
		doc, err := r.Read()
		if errors.Is(err, io.EOF) {
			return set, nil
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		u, err := object(doc)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", n, err)
		}
		if u != nil {
			set = append(set, u)
		}
		if len(set) > maxObjects {
			return nil, tooMuch("a chart", maxObjects, "objects")
		}
	}
}

// object reads one document: strictly, so that a key that stands twice is an error; the decoder
// itself refuses aliases that expand excessively.
func object(doc []byte) (manifest.Object, error) {
	if len(doc) > maxObjectBytes {
		return nil, tooMuch("an object", maxObjectBytes, "bytes")
	}
	data, err := yaml.YAMLToJSONStrict(doc)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\n", " "), "yaml: "))
	}
	if len(data) > maxObjectBytes {
		return nil, tooMuch("an object", maxObjectBytes, "bytes")
	}
	if data = bytes.TrimSpace(data); len(data) == 0 || string(data) == "null" {
		return nil, nil
	}
	// This decoder makes int64 of whole numbers, as the API machinery expects.
	var m map[string]any
	if err := utiljson.Unmarshal(data, &m); err != nil {
		return nil, errors.New("this is no Kubernetes object")
	}
	if len(m) == 0 {
		return nil, nil
	}
	return &unstructured.Unstructured{Object: m}, nil
}
