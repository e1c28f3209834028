package status

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// image is the verdict on a container whose image cannot be had.
func (l *look) image(p *corev1.Pod, c named, w *corev1.ContainerStateWaiting) verdict {
	name := cmp.Or(c.container.Image, c.status.Image)
	v := verdict{word: Failed, reason: fmt.Sprintf("the image `%s` cannot be pulled", name), wrong: &cause{
		id: "image " + name, title: "cannot start: its image cannot be pulled", said: l.pullError(p, w),
	}}
	said := strings.ToLower(v.wrong.said)
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(said, part) {
				return true
			}
		}
		return false
	}
	switch {
	case w.Reason == "InvalidImageName":
		v.reason = fmt.Sprintf("`%s` is not the name of an image", name)
		v.wrong.title = "cannot start: its image has no proper name"
		v.wrong.sentence = fmt.Sprintf("`%s` is not the name of an image. Write it as registry/name:tag, in lower case.", name)
	case w.Reason == "ErrImageNeverPull":
		v.wrong.sentence = fmt.Sprintf("The image `%s` is not on the node, and its pull policy forbids to fetch it.", name)
	case has("not found", "manifest unknown", "does not exist"):
		v.wrong.title = "cannot start: its image does not exist"
		v.wrong.sentence = fmt.Sprintf("The registry has no `%s`. Set an image that exists, or push this one; the cluster tries again by itself.", name)
	case has("unauthorized", "authentication required", "denied", "forbidden", "no basic auth"):
		v.wrong.sentence = fmt.Sprintf("The registry does not let the cluster have `%s`. Check the name, and whether the namespace has the login for this registry.", name)
	case has("no such host", "i/o timeout", "connection refused", "timeout exceeded", "tls:", "x509"):
		v.wrong.sentence = fmt.Sprintf("The registry of `%s` cannot be reached from the cluster. Check its name; the cluster tries again by itself.", name)
	case has("toomanyrequests", "rate limit"):
		v.wrong.sentence = fmt.Sprintf("The registry of `%s` is asked too often and refuses for now. The cluster tries again by itself.", name)
	default:
		v.wrong.sentence = fmt.Sprintf("The cluster cannot pull `%s`. Check its name and tag, and whether its registry can be reached.", name)
	}
	return v
}

// pullError is the most that is known about a failed pull: while the kubelet waits to try again, its
// state may say no more than that it waits, and the events say why.
func (l *look) pullError(p *corev1.Pod, w *corev1.ContainerStateWaiting) string {
	if w.Reason != "ImagePullBackOff" || strings.Contains(w.Message, "ErrImagePull") {
		return w.Message
	}
	for _, e := range l.warnings("Pod", p.Name, "Failed") {
		if strings.Contains(e.Message, "pull") {
			return e.Message
		}
	}
	return w.Message
}

// crashed is the verdict on a container that ended, told by the check that ended it where one did.
func (l *look) crashed(p *corev1.Pod, c named, t *corev1.ContainerStateTerminated) verdict {
	v := crash(p, c, t)
	if t.Reason == "OOMKilled" || t.ExitCode != 137 && t.ExitCode != 143 {
		return v
	}
	if said := l.failing(p, "Liveness"); said != "" && c.container.LivenessProbe != nil {
		check := checkOf(c.container.LivenessProbe)
		v.reason = fmt.Sprintf("%s fails, %s", check, times(c.status.RestartCount, "restart"))
		v.wrong.id, v.wrong.title, v.wrong.said = "liveness", "is restarted again and again", said
		v.wrong.sentence = fmt.Sprintf("It starts, but %s fails, so the cluster ends it and starts it again. Look into its logs, or give it more time to start.", check)
		return v
	}
	if said := l.failing(p, "Startup"); said != "" && c.container.StartupProbe != nil {
		check := checkOf(c.container.StartupProbe)
		v.reason = fmt.Sprintf("does not get ready: %s fails, %s", check, times(c.status.RestartCount, "restart"))
		v.wrong.id, v.wrong.title, v.wrong.said = "startup", "never gets ready", said
		v.wrong.sentence = fmt.Sprintf("It starts, but %s does not pass within %s, so the cluster ends it. Compare the check's path and port with what the application answers to, or give it more time to start.",
			check, seconds(patience(c.container.StartupProbe)))
	}
	return v
}

// failing is what was reported last of a check that fails, "Startup", "Readiness" or "Liveness"; empty if
// nothing was.
func (l *look) failing(p *corev1.Pod, check string) string {
	for _, e := range l.warnings("Pod", p.Name, "Unhealthy") {
		if strings.HasPrefix(e.Message, check) {
			return e.Message
		}
	}
	return ""
}

// crash is the verdict on a container that ended although it should run, or ended with an error.
func crash(p *corev1.Pod, c named, t *corev1.ContainerStateTerminated) verdict {
	said := cmp.Or(t.Message, reasonIf(t.Reason != "Error" && t.Reason != "Completed", t.Reason))
	if t.Reason == "OOMKilled" {
		limit := c.container.Resources.Limits.Memory()
		reason, sentence := "runs out of memory", "It needs more memory than its node has."
		if limit != nil && !limit.IsZero() {
			reason = fmt.Sprintf("runs out of memory, its limit is %s", limit)
			sentence = fmt.Sprintf("It needs more memory than its limit of %s and was ended. Raise the limit, or make it need less.", limit)
		}
		return verdict{word: Failed, reason: reason, wrong: &cause{id: "memory " + c.container.Name, title: "runs out of memory", sentence: sentence, said: said}}
	}
	again := p.Spec.RestartPolicy != corev1.RestartPolicyNever
	v := verdict{word: Failed, wrong: &cause{id: fmt.Sprintf("crash %s %d", c.container.Name, t.ExitCode), said: said}}
	switch {
	case c.init:
		v.reason = fmt.Sprintf("its init container `%s` fails, %s", c.container.Name, exit(t.ExitCode))
		v.wrong.title = "cannot start: its preparation fails"
	case again:
		v.reason = fmt.Sprintf("starts and ends again, %s", exit(t.ExitCode))
		v.wrong.title = "starts and ends again"
	default:
		v.reason = fmt.Sprintf("ended, %s", exit(t.ExitCode))
		v.wrong.title = "ended with an error"
	}
	if n := c.status.RestartCount; n > 0 {
		v.reason += ", " + times(n, "restart")
	}
	v.wrong.sentence = whyEnded(c, t)
	return v
}

// whyEnded says what an exit code means by convention.
func whyEnded(c named, t *corev1.ContainerStateTerminated) string {
	who := "Its process"
	if c.init {
		who = fmt.Sprintf("Its init container `%s`", c.container.Name)
	}
	switch t.ExitCode {
	case -1:
		return who + " ends soon after its start. Its logs say why."
	case 0:
		return who + " ends without an error, but it has to keep running. Set a command that stays, or use a template for jobs."
	case 126, 127, 128:
		return fmt.Sprintf("%s cannot be started: its command is not in the image or may not be run (exit code %d). Set another command.", who, t.ExitCode)
	case 137:
		return who + " was killed (exit code 137). Its logs and events say more."
	case 139:
		return who + " crashed by a wrong access to memory (exit code 139). Its logs may say where."
	}
	return fmt.Sprintf("%s ends with exit code %d soon after its start. Its logs say why.", who, t.ExitCode)
}

func exit(code int32) string {
	if code < 0 {
		return "exit code not known"
	}
	return fmt.Sprintf("exit code %d", code)
}

var (
	absent    = regexp.MustCompile(`(?i)\b(secret|configmap)s? "([^"]+)" not found`)
	absentKey = regexp.MustCompile(`couldn't find key (\S+) in (Secret|ConfigMap) [^/\s]+/(\S+)`)
	badKey    = regexp.MustCompile(`references non-existent (secret|config) key: (\S+)`)
	noClaim   = regexp.MustCompile(`persistentvolumeclaim "([^"]+)" not found`)
	overQuota = regexp.MustCompile(`exceeded quota: ([^,\s]+)`)
	nodes     = regexp.MustCompile(`^\d+/\d+ nodes are available: (.*?)\.?( preemption:.*)?$`)
)

// missing is the verdict on a pod that refers to something that is not there, from the kubelet's message.
func missing(message string) verdict {
	v := verdict{word: Failed, reason: "cannot be prepared on its node", wrong: &cause{
		id: "preparation", title: "cannot start: its node cannot prepare it",
		sentence: "The node cannot prepare what the pod needs. It tries again by itself.",
	}}
	what := ""
	switch m := absentKey.FindStringSubmatch(message); {
	case m != nil:
		what = fmt.Sprintf("the key `%s` of the %s `%s`", m[1], m[2], strings.TrimRight(m[3], ".,"))
	default:
		what = missingObject(message)
	}
	switch {
	case what != "":
		v.reason = what + " it needs does not exist"
		v.wrong.id = "missing " + what
		v.wrong.title = "cannot start: " + what + " does not exist"
		v.wrong.sentence = fmt.Sprintf("It needs %s, which does not exist in the namespace. Create it, or change the reference; the cluster tries again by itself.", what)
	case strings.Contains(message, "runAsNonRoot"):
		v.reason = "its image wants to run as root, which it may not"
		v.wrong.id, v.wrong.title = "root", "cannot start: its image wants to run as root"
		v.wrong.sentence = "The image runs as root, and the pod forbids that. Use an image that names another user, by number."
	}
	return v
}

func missingObject(message string) string {
	if m := absent.FindStringSubmatch(message); m != nil {
		kind := "Secret"
		if strings.EqualFold(m[1], "configmap") {
			kind = "ConfigMap"
		}
		return fmt.Sprintf("the %s `%s`", kind, m[2])
	}
	if m := badKey.FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("the key `%s`", m[2])
	}
	if m := noClaim.FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("the claim `%s`", m[1])
	}
	return ""
}

// refused is the verdict on a workload whose pods the API server does not take.
func refused(message string) verdict {
	if m := overQuota.FindStringSubmatch(message); m != nil {
		return verdict{word: Pending, reason: fmt.Sprintf("the quota `%s` is used up", m[1]), wrong: &cause{
			id: "quota " + m[1], title: fmt.Sprintf("waits for room in the quota `%s`", m[1]), said: message,
			sentence: fmt.Sprintf("The quota `%s` of the namespace is used up, so no further pod is made. Ask for less, delete what is not needed, or have the quota raised.", m[1]),
		}}
	}
	return verdict{word: Failed, reason: "the cluster refuses its pods", wrong: &cause{
		id: "refused", title: "cannot start: the cluster refuses its pods", said: message,
		sentence: "The API server does not take the pods as they are asked for, so none is made. What it says names the rule.",
	}}
}
