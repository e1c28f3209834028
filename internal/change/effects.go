package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/manifest"
)

// Effects says in sentences what applying would do to what runs, most serious first. An object that
// stays as it is has none.
func Effects(objects []manifest.DryRun) []Effect {
	var out []Effect
	for _, o := range objects {
		if o.Problem != nil {
			continue
		}
		if e, ok := gated(o); ok {
			out = append(out, e)
			continue
		}
		switch o.Op {
		case manifest.Create:
			out = append(out, created(o)...)
		case manifest.Change:
			out = append(out, changed(o)...)
		case manifest.Delete:
			out = append(out, deleted(o))
		}
	}
	slices.SortStableFunc(out, func(a, b Effect) int {
		return cmp.Or(cmp.Compare(rank[a.Kind], rank[b.Kind]), cmp.Compare(ReadingRank(a.Ref), ReadingRank(b.Ref)))
	})
	return out
}

var rank = map[EffectKind]int{
	DataLoss: 0, Outage: 1, Rights: 2, Gated: 3, Stop: 4, Restart: 5, Removed: 6, Created: 7, Scaled: 8, Changed: 9,
}

func named(r manifest.Ref) string {
	if r.Namespace != "" {
		return fmt.Sprintf("%s `%s` in namespace `%s`", r.Kind, r.Name, r.Namespace)
	}
	return fmt.Sprintf("%s `%s`", r.Kind, r.Name)
}

func isWorkload(r manifest.Ref) bool { return manifest.StageOfKind(r) == manifest.StageWorkloads }

func created(o manifest.DryRun) []Effect {
	e := Effect{Kind: Created, Ref: o.Ref, Sentence: named(o.Ref) + " is created."}
	switch {
	case keepsTheList(o):
		e.Sentence = named(o.Ref) + " is created, as the list of what belongs together."
	case givesRights(o.Ref):
		return []Effect{rights(o, "is created")}
	case isWorkload(o.Ref) && o.PodsWanted > 0:
		e.Pods = o.PodsWanted
		e.Sentence = fmt.Sprintf("%s is created with %s.", named(o.Ref), pods(o.PodsWanted))
	case isWorkload(o.Ref) && hasPods(o.Ref):
		e.Sentence = named(o.Ref) + " is created and runs no pods, because 0 are asked for."
	}
	return []Effect{e}
}

// keepsTheList tells the object that keeps the ApplySet's identity (KEP-3659) from what only has a name like it.
func keepsTheList(o manifest.DryRun) bool {
	return isBookkeeping(o.Ref) && strings.Contains(cmp.Or(o.After, o.Before), manifest.LabelApplySetID)
}

// isBookkeeping tells an object that is called like the one that keeps the ApplySet's identity: it is read last.
func isBookkeeping(r manifest.Ref) bool {
	return r.Kind == "ConfigMap" && strings.HasPrefix(r.Name, "slipway-")
}

func hasPods(r manifest.Ref) bool { return r.Kind == "Deployment" || r.Kind == "StatefulSet" }

func deleted(o manifest.DryRun) Effect {
	e := Effect{Kind: Removed, Ref: o.Ref, Sentence: named(o.Ref) + " is deleted."}
	switch {
	case o.Ref.Kind == "Namespace":
		e.Kind = DataLoss
		e.Sentence = fmt.Sprintf("Namespace `%s` is deleted, and everything in it.", o.Ref.Name)
		e.Why = "Whatever anybody runs or keeps there goes with it, and cannot be brought back."
	case givesRights(o.Ref):
		e.Kind = Rights
		e.Sentence = named(o.Ref) + " is deleted, and the rights that it gives end."
	case o.Ref.Kind == "PersistentVolumeClaim":
		e.Kind = DataLoss
		e.Sentence = fmt.Sprintf("Claim `%s` is deleted, and the data on it.", o.Ref.Name)
		e.Why = "Unless its storage class keeps volumes, the data cannot be brought back."
	case isWorkload(o.Ref) && o.PodsLive > 0:
		e.Kind, e.Pods = Stop, o.PodsLive
		e.Sentence = fmt.Sprintf("%s is deleted and its %s for good.", named(o.Ref), stop(o.PodsLive))
	case o.Ref.Kind == "Ingress":
		e.Sentence = named(o.Ref) + " is deleted: its addresses no longer answer."
	case o.Ref.Kind == "Service":
		e.Sentence = named(o.Ref) + " is deleted: nothing in the cluster can reach it by this name."
	}
	return e
}

func changed(o manifest.DryRun) []Effect {
	if keepsTheList(o) {
		return []Effect{{Kind: Changed, Ref: o.Ref, Sentence: named(o.Ref) + " is changed, as the list of what belongs together."}}
	}
	if givesRights(o.Ref) {
		return []Effect{rights(o, "is changed")}
	}
	var out []Effect
	if isWorkload(o.Ref) {
		if e, ok := scaled(o); ok {
			out = append(out, e)
		}
		if e, ok := restarted(o); ok {
			out = append(out, e)
		}
	}
	if e, ok := bounded(o); ok {
		out = append(out, e)
	}
	if len(out) == 0 {
		out = append(out, Effect{Kind: Changed, Ref: o.Ref, Sentence: named(o.Ref) + " is changed" + noRestart(o.Ref) + ".", Why: fieldsInWords(o.Fields)})
	}
	return out
}

func noRestart(r manifest.Ref) string {
	if isWorkload(r) {
		return ", and no pod restarts"
	}
	return ""
}

func scaled(o manifest.DryRun) (Effect, bool) {
	i := slices.IndexFunc(o.Fields, func(f manifest.FieldChange) bool { return f.Path == ".spec.replicas" })
	if i < 0 {
		return Effect{}, false
	}
	from, to := o.Fields[i].From, o.Fields[i].To
	e := Effect{Kind: Scaled, Ref: o.Ref, Pods: o.PodsWanted, Sentence: fmt.Sprintf("`%s` runs %s pods instead of %s.", o.Ref.Name, to, cmp.Or(from, "1"))}
	if o.PodsWanted == 0 {
		e.Kind, e.Pods = Stop, o.PodsLive
		e.Sentence = fmt.Sprintf("All pods of `%s` stop, because 0 are asked for.", o.Ref.Name)
	}
	return e, true
}

// bounded says between which numbers an autoscaler keeps the pods, if that is all that changes of it.
func bounded(o manifest.DryRun) (Effect, bool) {
	var parts []string
	for _, f := range o.Fields {
		switch f.Path {
		case ".spec.minReplicas":
			parts = append(parts, fmt.Sprintf("at least %s instead of %s", f.To, cmp.Or(f.From, "1")))
		case ".spec.maxReplicas":
			parts = append(parts, fmt.Sprintf("at most %s instead of %s", f.To, f.From))
		}
	}
	if o.Ref.Kind != "HorizontalPodAutoscaler" || len(parts) == 0 || len(parts) != len(o.Fields) {
		return Effect{}, false
	}
	slices.Sort(parts)
	return Effect{Kind: Scaled, Ref: o.Ref, Sentence: fmt.Sprintf("The autoscaler `%s` keeps %s pods.", o.Ref.Name, list(parts))}, true
}

// restarted tells whether pods are replaced: they are when their template changes.
func restarted(o manifest.DryRun) (Effect, bool) {
	var causes []manifest.FieldChange
	for _, f := range o.Fields {
		if strings.HasPrefix(f.Path, ".spec.template.") {
			causes = append(causes, f)
		}
	}
	n, daemon := min(o.PodsLive, o.PodsWanted), o.Ref.Kind == "DaemonSet"
	if len(causes) == 0 || !daemon && (n == 0 || !hasPods(o.Ref)) {
		return Effect{}, false
	}
	e := Effect{Kind: Restart, Ref: o.Ref, Pods: n, Why: fieldsInWords(causes)}
	switch {
	case n == 0: // on how many nodes it runs is not known before its controller has counted them
		e.Sentence = fmt.Sprintf("The pods of `%s` restart, %s", o.Ref.Name, how(o))
	case n == 1:
		e.Sentence = fmt.Sprintf("1 pod of `%s` restarts, %s", o.Ref.Name, how(o))
	default:
		e.Sentence = fmt.Sprintf("%s of `%s` restart, %s", pods(n), o.Ref.Name, how(o))
	}
	if recreates(o) {
		e.Kind = Outage
		e.Sentence = fmt.Sprintf("`%s` is away briefly: its old %s before the new ones start.", o.Ref.Name, stop(n))
	}
	return e, true
}

// shape is the little of a workload that decides how its pods are replaced.
type shape struct {
	Spec struct {
		Strategy struct {
			Type          string `json:"type"`
			RollingUpdate struct {
				MaxUnavailable any `json:"maxUnavailable"`
			} `json:"rollingUpdate"`
		} `json:"strategy"`
	} `json:"spec"`
}

func shapeOf(o manifest.DryRun) (s shape) {
	_ = yaml.Unmarshal([]byte(o.After), &s) // the API server's own object; anything odd means "not known"
	return s
}

func recreates(o manifest.DryRun) bool { return shapeOf(o).Spec.Strategy.Type == "Recreate" }

func how(o manifest.DryRun) string {
	switch u := shapeOf(o).Spec.Strategy.RollingUpdate.MaxUnavailable; {
	case o.Ref.Kind == "Deployment" && (u == float64(0) || u == "0" || u == "0%"):
		return "a new one is ready before an old one goes. No outage."
	default:
		return "a few at a time."
	}
}

// fieldsInWords names what changes, the image first, three things at most.
func fieldsInWords(fields []manifest.FieldChange) string {
	var words []string
	for _, f := range fields {
		if w := fieldInWords(f); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	slices.SortStableFunc(words, func(a, b string) int {
		return cmp.Compare(boolRank(strings.HasPrefix(a, "the image")), boolRank(strings.HasPrefix(b, "the image")))
	})
	if len(words) == 0 {
		return ""
	}
	return "Because of " + list(atMost(words, 3)) + "."
}

func boolRank(first bool) int {
	if first {
		return 0
	}
	return 1
}

func fieldInWords(f manifest.FieldChange) string {
	switch {
	case strings.HasSuffix(f.Path, "].image"):
		return "the image"
	case strings.Contains(f.Path, "].env["), strings.HasSuffix(f.Path, "].env"):
		return "the environment"
	case strings.Contains(f.Path, "].resources"):
		return "the resources"
	case strings.Contains(f.Path, "Probe"):
		return "the checks"
	case strings.Contains(f.Path, "].ports"):
		return "the ports"
	case strings.HasPrefix(f.Path, ".metadata.labels"), strings.HasPrefix(f.Path, ".spec.template.metadata.labels"):
		return "labels"
	case manifest.RestartIn(f):
		return "the restart"
	case strings.Contains(f.Path, ".annotations"):
		return "annotations"
	}
	return "`" + f.Path + "`"
}

func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func pods(n int32) string {
	if n == 1 {
		return "1 pod"
	}
	return fmt.Sprintf("%d pods", n)
}

func stop(n int32) string {
	if n == 1 {
		return "pod stops"
	}
	return fmt.Sprintf("%d pods stop", n)
}

// unchecked says what no dry run can know.
func unchecked(objects []manifest.DryRun) []string {
	var images, quota bool
	var untried []string
	for _, o := range objects {
		if o.Untried {
			untried = append(untried, named(o.Ref))
		}
		if o.Problem != nil || o.Op == manifest.Delete || !isWorkload(o.Ref) {
			continue
		}
		_, again := restarted(o)
		images = images || o.Op == manifest.Create || again
		quota = quota || o.Op == manifest.Create || again || o.PodsWanted > o.PodsLive
	}
	var out []string
	if images {
		out = append(out, "Whether the image can be pulled. A dry run does not ask the registry.")
	}
	if quota {
		out = append(out, "Quota and room for the pods. They are counted when pods are made.")
	}
	if len(untried) > 0 {
		out = append(out, list(atMost(untried, 3))+", because something else that is created here must be there first.")
	}
	return out
}
