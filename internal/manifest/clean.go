package manifest

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

// serverFields are the metadata that the API server writes, which say nothing of what was asked for.
var serverFields = []string{
	"managedFields", "uid", "resourceVersion", "generation", "creationTimestamp", "selfLink",
	"deletionTimestamp", "deletionGracePeriodSeconds",
}

const annotationLastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// bookkeeping are annotations that kubectl and controllers keep for themselves.
var bookkeeping = []string{annotationLastApplied, "deployment.kubernetes.io/revision"}

// Clean copies o without what the API server and controllers keep for themselves: status, server-set
// metadata and bookkeeping annotations. What is left is what people compare.
func Clean(o Object) Object {
	if o == nil {
		return nil
	}
	out := o.DeepCopy()
	delete(out.Object, "status")
	meta, ok := out.Object["metadata"].(map[string]any)
	if !ok {
		return out
	}
	for _, f := range serverFields {
		delete(meta, f)
	}
	dropAnnotations(meta, bookkeeping...)
	if tmpl, found, _ := unstructured.NestedFieldNoCopy(out.Object, "spec", "template", "metadata"); found {
		if m, ok := tmpl.(map[string]any); ok && m["creationTimestamp"] == nil {
			delete(m, "creationTimestamp") // typed clients write null
		}
	}
	return out
}

func dropAnnotations(meta map[string]any, names ...string) {
	annotations, ok := meta["annotations"].(map[string]any)
	if !ok {
		return
	}
	for _, n := range names {
		delete(annotations, n)
	}
	if len(annotations) == 0 {
		delete(meta, "annotations")
	}
}
