package status

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// named is a container with its state.
type named struct {
	container corev1.Container
	status    corev1.ContainerStatus
	init      bool
}

// long are the containers that have to keep running: the pod's own and its sidecars.
func long(p *corev1.Pod) []named {
	var all []named
	for _, c := range p.Spec.InitContainers {
		if keepsRunning(c) {
			all = append(all, named{container: c, status: statusOf(p.Status.InitContainerStatuses, c.Name)})
		}
	}
	for _, c := range p.Spec.Containers {
		all = append(all, named{container: c, status: statusOf(p.Status.ContainerStatuses, c.Name)})
	}
	return all
}

// keepsRunning tells a sidecar from an init container that has to end.
func keepsRunning(c corev1.Container) bool {
	return c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
}

func statusOf(all []corev1.ContainerStatus, name string) corev1.ContainerStatus {
	i := slices.IndexFunc(all, func(s corev1.ContainerStatus) bool { return s.Name == name })
	if i < 0 {
		return corev1.ContainerStatus{Name: name}
	}
	return all[i]
}

func specOf(p *corev1.Pod, name string) corev1.Container {
	i := slices.IndexFunc(p.Spec.Containers, func(c corev1.Container) bool { return c.Name == name })
	if i < 0 {
		return corev1.Container{Name: name}
	}
	return p.Spec.Containers[i]
}

// container says how one container is.
func (l *look) container(p *corev1.Pod, c named) verdict {
	s := c.status
	switch {
	case s.State.Waiting != nil:
		return l.waiting(p, c, s.State.Waiting)
	case s.State.Terminated != nil:
		return l.terminated(p, c, s.State.Terminated)
	case s.State.Running != nil:
		return l.running(p, c, s.State.Running.StartedAt.Time)
	}
	return verdict{word: Progressing, reason: "starting"}
}

func (l *look) waiting(p *corev1.Pod, c named, w *corev1.ContainerStateWaiting) verdict {
	switch w.Reason {
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable", "ImageInspectError", "SignatureValidationFailed":
		return l.image(p, c, w)
	case "CrashLoopBackOff":
		if t := c.status.LastTerminationState.Terminated; t != nil {
			return l.crashed(p, c, t)
		}
		return l.crashed(p, c, &corev1.ContainerStateTerminated{ExitCode: -1, Message: w.Message})
	case "CreateContainerConfigError":
		v := missing(w.Message)
		v.wrong.said = w.Message
		return v
	case "CreateContainerError", "RunContainerError", "PostStartHookError", "PreCreateHookError", "PreStartHookError":
		return verdict{word: Failed, reason: "its container cannot be started", wrong: &cause{
			id: w.Reason, title: "cannot start", said: w.Message,
			sentence: "The node cannot start " + c.whose() + ". Compare its command, user and volumes with what the image expects.",
		}}
	}
	if v, bad := l.cannotBegin(p); bad {
		return v
	}
	return verdict{word: Progressing, reason: "starting"}
}

// terminated is a container between its end and its next start, or after its last one.
func (l *look) terminated(p *corev1.Pod, c named, t *corev1.ContainerStateTerminated) verdict {
	if t.ExitCode == 0 && (c.init || p.Spec.RestartPolicy != corev1.RestartPolicyAlways) {
		return verdict{word: Ready, reason: "done"}
	}
	return l.crashed(p, c, t)
}

func (l *look) running(p *corev1.Pod, c named, since time.Time) verdict {
	s := c.status
	if c.init {
		return verdict{word: Progressing, reason: "starting"}
	}
	if s.Started != nil && !*s.Started && c.container.StartupProbe != nil {
		return l.checkedAtStart(p, c)
	}
	if !s.Ready {
		return l.unready(p, c, since)
	}
	if last := s.LastTerminationState.Terminated; last != nil && last.ExitCode != 0 && l.until(since.Add(settled)) {
		return verdict{word: Progressing, reason: fmt.Sprintf("started again a moment ago, %s", times(s.RestartCount, "restart"))}
	}
	return verdict{word: Ready}
}

// checkedAtStart is the verdict on a container whose start check has not passed yet. One that was ended
// for it and started again has no better prospects: the same is asked of the same.
func (l *look) checkedAtStart(p *corev1.Pod, c named) verdict {
	check, may := checkOf(c.container.StartupProbe), seconds(patience(c.container.StartupProbe))
	if l.failing(p, "Startup") == "" {
		return verdict{word: Progressing, reason: fmt.Sprintf("starting, its start check may take %s", may)}
	}
	if last := c.status.LastTerminationState.Terminated; last != nil {
		if v := l.crashed(p, c, last); v.wrong.id == "startup" {
			return v
		}
	}
	return verdict{word: Progressing, reason: fmt.Sprintf("starting, %s fails so far and may for %s", check, may)}
}

// unready is the verdict on a container that runs without being ready. How long it may is counted from
// its start, or from when the pod was last ready.
func (l *look) unready(p *corev1.Pod, c named, since time.Time) verdict {
	if lost := notReadySince(p); lost.After(since) {
		since = lost
	}
	check := checkOf(c.container.ReadinessProbe)
	said := l.failing(p, "Readiness")
	fails := said != ""
	reason := "runs, is not ready yet"
	if fails {
		reason = fmt.Sprintf("runs, but is not ready; %s fails", check)
	}
	if l.until(since.Add(readyWithin)) {
		return verdict{word: Progressing, reason: reason}
	}
	return verdict{word: Failed, reason: cmp.Or(reasonIf(fails, reason), "runs, but does not get ready"), wrong: &cause{
		id: "unready", title: "runs, but is not ready", said: said, since: since,
		sentence: fmt.Sprintf("It runs, but %s has not passed, so it gets no requests. Look into its logs, and compare the check's path and port with what the application answers to.", check),
	}}
}

// whose names the container for a sentence about its pod.
func (c named) whose() string {
	if c.init {
		return fmt.Sprintf("its init container `%s`", c.container.Name)
	}
	return fmt.Sprintf("its container `%s`", c.container.Name)
}

// checkOf names what a probe asks.
func checkOf(p *corev1.Probe) string {
	switch {
	case p == nil:
		return "its check"
	case p.HTTPGet != nil:
		return fmt.Sprintf("its check of `%s`", cmp.Or(p.HTTPGet.Path, "/"))
	case p.TCPSocket != nil:
		return fmt.Sprintf("its check of port %s", p.TCPSocket.Port.String())
	case p.GRPC != nil:
		return fmt.Sprintf("its gRPC check of port %d", p.GRPC.Port)
	case p.Exec != nil:
		return fmt.Sprintf("its check `%s`", strings.Join(p.Exec.Command, " "))
	}
	return "its check"
}

// patience is how long a probe may fail before the container is given up.
func patience(p *corev1.Probe) time.Duration {
	period, failures := cmp.Or(p.PeriodSeconds, 10), cmp.Or(p.FailureThreshold, 3)
	return time.Duration(p.InitialDelaySeconds+period*failures) * time.Second
}

func reasonIf(ok bool, s string) string {
	if ok {
		return s
	}
	return ""
}
