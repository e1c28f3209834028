package bundle

import (
	"bytes"
	"fmt"
	"strings"

	"slipway.dev/slipway/internal/manifest"
)

// readme says what the folder is, how to use it with kubectl, and what is not in it.
func (b Bundle) readme(c contents) []byte {
	var w bytes.Buffer
	d := b.Document
	fmt.Fprintf(&w, "# %s\n\n", b.Title)
	fmt.Fprintf(&w, "The objects of the application %s of %s / %s, for namespace %s of cluster %s.\n\n", code(d.Name), d.Team, d.Environment, code(b.Place.Namespace), code(b.Place.Cluster))
	w.WriteString("| | |\n|---|---|\n")
	if d.Template != "" {
		fmt.Fprintf(&w, "| Template | %s |\n", strings.TrimSpace(d.Template+" "+d.Version))
	}
	if b.Digest != "" {
		fmt.Fprintf(&w, "| Digest of the plan | %s |\n", code(string(b.Digest)))
	}
	if b.From != "" {
		fmt.Fprintf(&w, "| From | <%s> |\n", b.From)
	}
	if len(c.others) > 0 {
		fmt.Fprintf(&w, "\n## The same with kubectl\n\n```sh\n# What the cluster would say; nothing is changed.\n%s --dry-run=server -k .\n\n%s -k .\n```\n\n", apply, apply)
		fmt.Fprintf(&w, "Slipway applies as the user %s and never by force. Whoever may impersonate it adds %s.\n",
			code("slipway:team:"+d.Team), code("--as=slipway:team:"+d.Team))
	}
	b.awaited(&w, c)
	b.deleted(&w)
	if len(c.secrets) > 0 {
		w.WriteString("\n## Secrets\n\nTheir values are in the cluster alone, and not in this folder:\n\n")
		for _, u := range c.secrets {
			fmt.Fprintf(&w, "- %s\n", code(u.GetName()))
		}
		fmt.Fprintf(&w, "\n%s has them with a placeholder for each value and says how to make them. %s leaves them out: applying placeholders would overwrite what is there.\n", code(Secrets), code(Kustomization))
	}
	w.WriteString("\n## Files\n\n")
	if len(c.others) > 0 {
		fmt.Fprintf(&w, "- %s: the objects, in the order in which they are applied; %s makes kustomize find it\n", code(Manifests), code(Kustomization))
	}
	if len(c.secrets) > 0 {
		fmt.Fprintf(&w, "- %s: the Secrets, without values\n", code(Secrets))
	}
	fmt.Fprintf(&w, "- %s: what was filled in; the form reads it, and so does %s\n", code(Inputs), code("portal render"))
	return w.Bytes()
}

// awaited says how to wait for Jobs that have to succeed first, which kubectl does not do by itself.
func (b Bundle) awaited(w *bytes.Buffer, c contents) {
	first := true
	for _, u := range c.others {
		g := manifest.GateOf(u, nil)
		if g == nil {
			continue
		}
		if first {
			fmt.Fprintf(w, "\n## What must succeed first\n\nSlipway touches no workload before these Jobs have succeeded, and kubectl does not wait. So apply what stands in %s up to each Job, wait for it, and apply all in the end:\n\n```sh\n", code(Manifests))
			first = false
		}
		fmt.Fprintf(w, "kubectl wait -n %s --for=condition=complete --timeout=%ds job/%s\n", b.Place.Namespace, int(g.Limit.Seconds()), u.GetName())
	}
	if !first {
		w.WriteString("```\n")
	}
}

const apply = "kubectl apply --server-side --field-manager=" + manifest.FieldManager

// deleted says how to delete what the plan deletes.
func (b Bundle) deleted(w *bytes.Buffer) {
	if len(b.Deleted) == 0 {
		return
	}
	w.WriteString("\n## What it deletes\n\n```sh\n")
	for _, r := range b.Deleted {
		kind := strings.ToLower(r.Kind)
		if r.Group != "" {
			kind += "." + r.Version + "." + r.Group
		}
		namespace := r.Namespace
		if namespace == "" {
			namespace = b.Place.Namespace
		}
		fmt.Fprintf(w, "kubectl delete %s %s -n %s\n", kind, r.Name, namespace)
	}
	w.WriteString("```\n")
}

func code(s string) string { return "`" + strings.ReplaceAll(s, "`", "'") + "`" }
