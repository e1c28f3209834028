package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"sigs.k8s.io/yaml"
)

// maxDependencies bounds how many charts are put into one, however they lead to each other.
const maxDependencies = 20

// readWithSiblings reads the chart in a folder, and puts into its charts/ the dependencies whose
// repository is "file://../NAME": the chart in the folder NAME beside it, as "helm dependency build"
// does. What is in charts/ already stays.
func readWithSiblings(root fs.FS, folder string) ([]*archive.BufferedFile, error) {
	count := 0
	return readChart(root, folder, &count)
}

func readChart(root fs.FS, folder string, count *int) ([]*archive.BufferedFile, error) {
	sub, err := fs.Sub(root, folder)
	if err != nil {
		return nil, fmt.Errorf("the chart cannot be read: %w", err)
	}
	files, err := readFiles(sub)
	if err != nil {
		return nil, err
	}
	meta, have := metadataOf(files)
	for _, d := range meta.Dependencies {
		from, ok := sibling(folder, d)
		if !ok || have[d.Name] {
			continue
		}
		if *count++; *count > maxDependencies {
			return nil, errors.New("the chart's dependencies lead to too many charts, or in a circle")
		}
		inner, err := readChart(root, from, count)
		if err != nil {
			return nil, fmt.Errorf("the dependency %s, from %s: %w", d.Name, d.Repository, err)
		}
		for _, f := range inner {
			files = append(files, &archive.BufferedFile{Name: path.Join("charts", d.Name, f.Name), Data: f.Data})
		}
	}
	return files, nil
}

// metadataOf reads Chart.yaml as far as it can be read, and which dependencies are in the chart already.
// What is wrong with the file is told by the loader, in its own words.
func metadataOf(files []*archive.BufferedFile) (chart.Metadata, map[string]bool) {
	var meta chart.Metadata
	have := map[string]bool{}
	for _, f := range files {
		if f.Name == "Chart.yaml" && yaml.Unmarshal(f.Data, &meta) != nil {
			return chart.Metadata{}, nil
		}
		if name, ok := strings.CutPrefix(f.Name, "charts/"); ok {
			name, _, _ = strings.Cut(name, "/")
			have[name] = true
		}
	}
	return meta, have
}

// sibling is the folder of a dependency that stands beside the chart, within the same source.
func sibling(folder string, d *chart.Dependency) (string, bool) {
	if d == nil {
		return "", false
	}
	rel, ok := strings.CutPrefix(d.Repository, "file://")
	if !ok || path.IsAbs(rel) {
		return "", false
	}
	from := path.Join(folder, rel)
	return from, fs.ValidPath(from) && from != "." && from != folder && chartName.MatchString(d.Name)
}
