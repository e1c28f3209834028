package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

type renderCommand struct {
	configFlag
	Files       []string `name:"file" short:"f" required:"" placeholder:"FILE" help:"A file of applications, one in each YAML document; - reads the standard input. May be given several times."`
	Out         string   `name:"out" short:"o" placeholder:"DIR" help:"Write a file for each application, in a folder for each cluster, instead of printing."`
	Cluster     string   `placeholder:"NAME" help:"Only what is for this cluster."`
	KubeVersion string   `placeholder:"VERSION" help:"The cluster's version, such as v1.34.0, where a template makes a difference."`
}

var kubeVersion = regexp.MustCompile(`^v?1\.[0-9]{1,3}(\.[0-9]{1,3})?$`)

// Help is what `portal render --help` adds.
func (renderCommand) Help() string {
	return "Prints the namespaces of the targets, and of every application the objects that the portal would apply, for " +
		"kubectl apply -f -. Secret values are not in files, so where one belongs stands REPLACE_WITH_ and its key.\n\n" +
		"Of the configuration only teams, environments, targets and templates are used; no secret in it is read.\n\n" +
		"Exit codes: 0 all was made, 1 something in the files is wrong and nothing was printed, 2 the command line or the configuration is wrong."
}

// Run prints or writes the manifests, or says all that is wrong.
func (r renderCommand) Run(e *environs) error {
	if r.KubeVersion != "" && !kubeVersion.MatchString(r.KubeVersion) {
		return usage{fmt.Errorf("portal: --kube-version: %q is not a version such as v1.34.0", r.KubeVersion)}
	}
	c, err := loadForRendering(r.Config, theSurroundings(e.getenv))
	if err != nil {
		return err
	}
	clusters := namesOf(c.Targets, func(t target) string { return t.Cluster })
	if r.Cluster != "" && !slices.Contains(clusters, r.Cluster) {
		return usage{fmt.Errorf("portal: --cluster: there is no cluster %q; %s", r.Cluster, suggestion(r.Cluster, clusters))}
	}
	library, err := openTemplates(e.ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	d := documents{config: c, library: library, kube: r.KubeVersion}
	if err := d.read(r.Files, os.Stdin); err != nil {
		return err
	}
	if err := d.render(e.ctx); err != nil {
		return err
	}
	if len(d.notes) > 0 {
		fmt.Fprintln(e.stderr, d.notes.Error())
	}
	return r.write(&d, e.stdout)
}

func (r renderCommand) write(d *documents, stdout io.Writer) error {
	places := d.clusters(r.Cluster)
	if r.Out != "" {
		return d.writeFolders(r.Out, places)
	}
	if len(places) > 1 {
		return usage{fmt.Errorf("portal: the applications are for several clusters (%s); choose one with --cluster, or write all with -o DIR", strings.Join(places, ", "))}
	}
	for _, cluster := range places {
		files, err := d.files(cluster)
		if err != nil {
			return err
		}
		for i, f := range files {
			if i > 0 {
				f.text = append([]byte("---\n"), f.text...)
			}
			if _, err := stdout.Write(f.text); err != nil {
				return err
			}
		}
	}
	return nil
}

// clusters are those for which there are documents, sorted.
func (d *documents) clusters(only string) []string {
	found := map[string]bool{}
	for _, one := range d.list {
		if only == "" || one.place.Cluster == only {
			found[one.place.Cluster] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// file is what is written for one application, or for the namespaces of all.
type file struct {
	path string
	text []byte
}

// namespacesFile sorts before every folder, so that kubectl apply -R -f begins with it.
const namespacesFile = "00-namespaces.yaml"

// files are what is made for one cluster: the namespaces, then the applications as they were given.
func (d *documents) files(cluster string) ([]file, error) {
	var files []file
	spaces := manifest.Set{}
	made := map[string]bool{}
	for _, one := range d.list {
		for _, u := range one.rendered.Set {
			if one.place.Cluster == cluster && u.GetKind() == "Namespace" {
				made[u.GetName()] = true
			}
		}
	}
	for _, t := range d.config.Targets {
		used := slices.ContainsFunc(d.list, func(one *document) bool { return one.place == t.place() })
		if t.Cluster == cluster && used && !made[t.Namespace] {
			spaces = append(spaces, namespaceOf(t))
		}
	}
	slices.SortFunc(spaces, func(a, b manifest.Object) int { return strings.Compare(a.GetName(), b.GetName()) })
	if len(spaces) > 0 {
		text, err := spaces.YAML()
		if err != nil {
			return nil, err
		}
		files = append(files, file{namespacesFile, text})
	}
	for _, one := range d.list {
		if one.place.Cluster != cluster {
			continue
		}
		text, err := one.manifests()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", one.file, one.Name, err)
		}
		files = append(files, file{filepath.Join(one.place.Namespace, one.Name+".yaml"), text})
	}
	return files, nil
}

// manifests are the objects, with placeholders where secret values belong.
func (one *document) manifests() ([]byte, error) {
	set := make(manifest.Set, len(one.rendered.Set))
	for i, u := range one.rendered.Set {
		var err error
		if u, err = manifest.Placeholders(u); err != nil {
			return nil, err
		}
		set[i] = manifest.StringData(u)
	}
	return set.YAML()
}

// namespaceOf is the namespace of a target as deploy/k8s/team-example.yaml makes it. The portal itself
// never makes one.
func namespaceOf(t target) manifest.Object {
	u := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace"}}
	u.SetName(t.Namespace)
	u.SetLabels(map[string]string{
		"app.kubernetes.io/managed-by":    "platform",
		manifest.LabelTeam:                t.Team,
		"slipway.dev/environment":         t.Environment,
		"pod-security.kubernetes.io/warn": "baseline",
	})
	return u
}

func (d *documents) writeFolders(dir string, clusters []string) error {
	for _, cluster := range clusters {
		files, err := d.files(cluster)
		if err != nil {
			return err
		}
		for _, f := range files {
			path := filepath.Join(dir, cluster, f.path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return fmt.Errorf("portal: %s: %s", dir, plainly(err))
			}
			old, err := os.ReadFile(path)
			if err == nil && bytes.Equal(old, f.text) {
				continue
			}
			if err := os.WriteFile(path, f.text, 0o644); err != nil {
				return fmt.Errorf("portal: %s: %s", path, plainly(err))
			}
		}
	}
	return nil
}
