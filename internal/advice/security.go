package advice

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// standards are the checks of the Pod Security Standards
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/), as the API server has them.
var standards = sync.OnceValues(func() (policy.Evaluator, error) {
	return policy.NewEvaluator(policy.DefaultChecks(), nil)
})

// plainReasons say in words what the checks call by the names of fields.
var plainReasons = map[string]string{
	"allowPrivilegeEscalation != false": "its processes may gain more rights than they start with (`allowPrivilegeEscalation`)",
	"unrestricted capabilities":         "it keeps capabilities of the kernel that it may not need (`capabilities`)",
	"runAsNonRoot != true":              "it may run as root (`runAsNonRoot`)",
	"runAsUser=0":                       "it runs as root (`runAsUser`)",
	"seccompProfile":                    "nothing limits which calls it may make to the kernel (`seccompProfile`)",
	"restricted volume types":           "it mounts volumes of kinds that are not allowed",
	"privileged":                        "it is privileged, which is as good as being root on the node",
	"host namespaces":                   "it shares the network or the processes of the node",
	"hostPath volumes":                  "it mounts folders of the node",
	"hostPort":                          "it takes ports of the node",
}

// lax says of each workload what keeps it from meeting the restricted standard.
func (s *set) lax() []Warning {
	evaluator, err := standards()
	if err != nil {
		return nil
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	var out []Warning
	for _, w := range s.works {
		var why []string
		for _, r := range evaluator.EvaluatePod(level, &metav1.ObjectMeta{}, &w.pod) {
			if r.Allowed {
				continue
			}
			plain, ok := plainReasons[r.ForbiddenReason]
			if !ok {
				plain = "`" + r.ForbiddenReason + "`"
			}
			if !slices.Contains(why, plain) {
				why = append(why, plain)
			}
		}
		if len(why) > 0 {
			out = append(out, Warning{fmt.Sprintf("`%s` is not as strict as Pod Security `restricted` asks: %s.", w.ref.Name, strings.Join(why, "; ")), w.ref, w.at + ".securityContext"})
		}
	}
	return out
}
