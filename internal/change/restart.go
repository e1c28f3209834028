package change

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"slipway.dev/slipway/internal/manifest"
)

// A restart is the current revision once more, with a time on the pods (see manifest.AnnotationRestarted).
// The time is chosen when the plan is asked for and goes along with it, because it is part of the digest:
// what is submitted, approved and applied has the very time that was seen.
const (
	restartLife = time.Hour   // how long a plan of a restart can be submitted
	restartSkew = time.Minute // how much the clocks of two portals may differ
)

// PodRestart is which pods are to be restarted.
type PodRestart struct {
	At   time.Time      // to the second; see Service.RestartAt
	Only []manifest.Ref // the workloads; none stands for all that can be restarted
}

// RestartAt is the time for the plan of a restart: that which was chosen before, unless it is too old, in
// the future or none, else now.
func (s *Service) RestartAt(asked time.Time) time.Time {
	if now := s.now(); asked.Before(now.Add(-restartLife)) || asked.After(now.Add(restartSkew)) {
		return now.Truncate(time.Second)
	}
	return asked.UTC().Truncate(time.Second)
}

// restart takes the objects as they were applied, so that nothing but the restart comes along, whatever has
// become of the template.
func (s *Service) restart(p *prepared) (err error) {
	if p.base == 0 {
		return &Refusal{Reason: notYet}
	}
	if at := p.Restart.At; at.Before(s.now().Add(-restartLife-restartSkew)) || at.After(s.now().Add(2*restartSkew)) {
		return &Refusal{Reason: "This plan of a restart is more than an hour old. Open it again."}
	}
	if p.set, err = decodeSet(p.runs); err != nil {
		return err
	}
	at, left := manifest.RestartTime(p.Restart.At), slices.Clone(p.Restart.Only)
	restarted := 0
	for i, ref := range p.set.RefsIn(p.place.Namespace) {
		chosen := slices.IndexFunc(left, ref.Same)
		if len(p.Restart.Only) > 0 && chosen < 0 || whyNotRestarted(p.set[i], ref) != "" {
			continue
		}
		if chosen >= 0 {
			left = slices.Delete(left, chosen, chosen+1)
		}
		if err := manifest.SetRestarted(p.set[i], at); err != nil {
			return err
		}
		restarted++
	}
	switch {
	case len(left) > 0: // there is no such workload, or it is one that cannot be restarted
		return ErrNotFound
	case restarted == 0:
		return &Refusal{Reason: "Nothing of it can be restarted: it has no Deployment, StatefulSet or DaemonSet."}
	}
	return nil
}

const notYet = "None of its revisions is applied yet. Wait until its first change is, or see why it was not."

// keepRestarts puts the times at which workloads were restarted on those that are rendered anew: were they
// to go, the pods would restart once more with the next update, for no reason that anybody could see.
func keepRestarts(set manifest.Set, runs []byte, home string) error {
	if !bytes.Contains(runs, []byte(manifest.AnnotationRestarted)) {
		return nil
	}
	before, err := decodeSet(runs)
	if err != nil {
		return err
	}
	refs := before.RefsIn(home)
	for i, ref := range set.RefsIn(home) {
		was := slices.IndexFunc(refs, ref.Same)
		if was < 0 || !manifest.Restartable(ref) || manifest.Restarted(set[i]) != "" {
			continue
		}
		if at := manifest.Restarted(before[was]); at != "" {
			if err := manifest.SetRestarted(set[i], at); err != nil {
				return err
			}
		}
	}
	return nil
}

// runsPods tells the kinds that have pods of their own.
func runsPods(r manifest.Ref) bool {
	return isWorkload(r) && r.Kind != "ReplicaSet" || manifest.Restartable(r)
}

// whyNotRestarted is why an annotation on the pods of u replaces none of them; "" if it does.
func whyNotRestarted(u manifest.Object, ref manifest.Ref) string {
	strategy, _, _ := unstructured.NestedString(u.Object, "spec", "updateStrategy", "type")
	paused, _, _ := unstructured.NestedBool(u.Object, "spec", "paused")
	switch {
	case ref.Kind == "CronJob":
		return "Each of its runs begins with new pods anyway."
	case ref.Kind == "Job":
		return "It runs once, and a run is not begun anew."
	case !manifest.Restartable(ref):
		return "Nothing replaces its pods."
	case strategy == "OnDelete":
		return "Its pods are replaced only when somebody deletes them."
	case paused:
		return "Its rollouts are paused."
	}
	return ""
}

// restartTitle is "Restart api", or "Restart web and worker of shop" where only some are.
func restartTitle(d Draft, plan Plan) string {
	var names []string
	for _, r := range d.Restart.Only {
		names = append(names, r.Name)
	}
	some := slices.ContainsFunc(plan.Objects, func(o manifest.DryRun) bool {
		return manifest.Restartable(o.Ref) && !slices.ContainsFunc(d.Restart.Only, o.Ref.Same)
	})
	if len(names) == 0 || !some || len(names) == 1 && names[0] == d.App.Name {
		return "Restart " + d.App.Name
	}
	return fmt.Sprintf("Restart %s of %s", strings.ReplaceAll(list(atMost(names, 3)), "`", ""), d.App.Name)
}
