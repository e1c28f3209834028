package templates

import (
	"cmp"
	"fmt"
	"strings"

	"slipway.dev/slipway/internal/change"
	"slipway.dev/slipway/internal/manifest"
)

// command is the plan done by hand with file, the downloaded manifests. Each object in that file names its
// namespace, so that one command applies what stands in several; a namespace on the command line would have
// kubectl refuse all others.
func command(place manifest.Place, file string, objects []manifest.DryRun) string {
	var apply bool
	var steps []string
	for _, o := range objects {
		apply = apply || o.Op != manifest.Delete
		if o.Gate != nil && o.Op != manifest.Delete && o.Gate.Live != manifest.GatePassed {
			steps = append(steps, fmt.Sprintf("# what stands up to this Job, then\nkubectl wait -n %s \\\n  --for=condition=complete \\\n  --timeout=%ds job/%s",
				namespaceOf(o.Ref, place), int(o.Gate.Limit.Seconds()), o.Ref.Name))
		}
	}
	if apply {
		steps = append(steps, "kubectl apply --server-side \\\n  --field-manager="+manifest.FieldManager+" \\\n  -f "+file)
	}
	for _, o := range objects {
		if o.Op == manifest.Delete {
			steps = append(steps, deleteCommand(place, o.Ref))
		}
	}
	return strings.Join(steps, "\n")
}

func deleteCommand(place manifest.Place, r manifest.Ref) string {
	return "kubectl delete -n " + namespaceOf(r, place) + " \\\n  " + kubectlName(r)
}

// deleteCommands delete by hand what a change left and what is no other application's.
func deleteCommands(place manifest.Place, left []manifest.Outcome) string {
	var steps []string
	for _, o := range left {
		if o.Left == manifest.OfNoApplication {
			steps = append(steps, deleteCommand(place, o.Ref))
		}
	}
	return strings.Join(steps, "\n")
}

// namespaceOf is where an object is. What belongs to no namespace is found with any.
func namespaceOf(r manifest.Ref, home manifest.Place) string {
	return cmp.Or(r.Namespace, home.Namespace)
}

// kubectlName is how kubectl wants an object: "deployment/api". A kind of an extension has its group, since
// another extension may have a kind of the same name.
func kubectlName(r manifest.Ref) string {
	kind := strings.ToLower(r.Kind)
	if strings.Contains(r.Group, ".") && !strings.HasSuffix(r.Group, ".k8s.io") {
		kind += "." + r.Group
	}
	return kind + "/" + r.Name
}

// manifestsFile is the name under which the manifests of a change are downloaded, those of a plan that
// nobody has submitted with 0; see handlers.sendFile.
func manifestsFile(app string, change int64) string {
	if change == 0 {
		return app + "-plan.yaml"
	}
	return fmt.Sprintf("%s-change-%d.yaml", app, change)
}

// planCommand is a plan done by hand, with the file that its page offers.
func planCommand(d PlanData) string {
	return commandOf(d.Kind, d.Plan, manifestsFile(d.App.Name, d.Change))
}

func commandOf(kind change.Kind, p change.Plan, file string) string {
	s := ""
	switch kind {
	case change.RestartPods:
		s = restartCommands(p)
	case change.ScalePods:
		s = scaleCommands(p)
	}
	return cmp.Or(s, command(p.Place, file, p.Objects))
}
