package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// kubelet answers what kwok's nodes are asked about their containers: logs, and what they use. Both are
// computed from the pod (its UID, its image, when its container started), so there is nothing to keep,
// and asking twice gives the same.
type kubelet struct {
	pods kubernetes.Interface
}

// newKubelet is the command. It listens on the loopback interface only.
func newKubelet() *cobra.Command {
	var kubeconfig, listen, cert, key string
	cmd := &cobra.Command{
		Use: "kubelet", SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			config.QPS = -1
			client, err := kubernetes.NewForConfig(config)
			if err != nil {
				return err
			}
			return serveKubelet(cmd.Context(), &kubelet{pods: client}, listen, cert, key)
		},
	}
	f := cmd.Flags()
	f.StringVar(&kubeconfig, "kubeconfig", "", "of an account that reads pods")
	f.StringVar(&listen, "listen", "", "address and port on the loopback interface")
	f.StringVar(&cert, "tls-cert-file", "", "certificate")
	f.StringVar(&key, "tls-private-key-file", "", "key of the certificate")
	return cmd
}

func serveKubelet(ctx context.Context, k *kubelet, listen, cert, key string) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.logs)
	mux.HandleFunc("GET /nodes/{node}/metrics/resource", k.metrics)
	srv := &http.Server{Addr: listen, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { srv.Close() })
	if err := srv.ListenAndServeTLS(cert, key); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// instance is one run of a container.
type instance struct {
	pod       *corev1.Pod
	container corev1.Container
	restarts  int32
	began     time.Time
	ended     time.Time // zero while it runs
}

// instanceOf chooses the run whose log is wanted, as the kubelet does. The error's text is the kubelet's.
func (k *kubelet) instanceOf(ctx context.Context, namespace, pod, container string, previous bool) (instance, error) {
	p, err := k.pods.CoreV1().Pods(namespace).Get(ctx, pod, metav1.GetOptions{ResourceVersion: "0"})
	if err != nil {
		return instance{}, err
	}
	i := instance{pod: p}
	var status corev1.ContainerStatus
	for _, c := range append(p.Spec.InitContainers, p.Spec.Containers...) {
		if c.Name == container {
			i.container = c
		}
	}
	for _, s := range append(p.Status.InitContainerStatuses, p.Status.ContainerStatuses...) {
		if s.Name == container {
			status = s
		}
	}
	last := status.LastTerminationState.Terminated
	i.restarts = status.RestartCount
	switch {
	case previous && last == nil:
		return i, fmt.Errorf("previous terminated container %q in pod %q not found", container, pod)
	case previous, status.State.Running == nil && status.State.Terminated == nil && last != nil:
		i.began, i.ended = last.StartedAt.Time, last.FinishedAt.Time
		if status.State.Running != nil {
			i.restarts--
		}
	case status.State.Running != nil:
		i.began = status.State.Running.StartedAt.Time
	case status.State.Terminated != nil:
		i.began, i.ended = status.State.Terminated.StartedAt.Time, status.State.Terminated.FinishedAt.Time
	case status.State.Waiting != nil:
		return i, fmt.Errorf("container %q in pod %q is waiting to start: %s", container, pod, status.State.Waiting.Reason)
	default:
		return i, fmt.Errorf("container %q in pod %q is not available", container, pod)
	}
	return i, nil
}

// logs answers a request for a log; see PodLogOptions of the Kubernetes API for its query.
func (k *kubelet) logs(w http.ResponseWriter, r *http.Request) {
	namespace, pod, container := r.PathValue("namespace"), r.PathValue("pod"), r.PathValue("container")
	opts, err := logOptions(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	i, err := k.instanceOf(r.Context(), namespace, pod, container, opts.previous)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out := &logWriter{w: w, opts: opts}
	next, until := i.first(opts, time.Now()), time.Now()
	for {
		if !i.ended.IsZero() && i.ended.Before(until) {
			until = i.ended
		}
		for ; !i.at(next).After(until); next++ {
			if !out.line(i.at(next), i.line(next)) {
				return
			}
		}
		if out.flush(); !opts.follow || !i.ended.IsZero() {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(250 * time.Millisecond):
		}
		until = time.Now()
		if now, err := k.instanceOf(r.Context(), namespace, pod, container, false); err != nil {
			return
		} else if now.began.Equal(i.began) {
			i.ended = now.ended
		} else {
			i.ended = until // it was started again meanwhile
		}
	}
}

// metrics answers metrics-server with what the containers of a node use, in the text format of Prometheus.
func (k *kubelet) metrics(w http.ResponseWriter, r *http.Request) {
	all, err := k.pods.CoreV1().Pods("").List(r.Context(), metav1.ListOptions{
		FieldSelector: "spec.nodeName=" + r.PathValue("node"), ResourceVersion: "0",
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var b strings.Builder
	memory, now := float64(1<<30), time.Now()
	for i := range all.Items {
		for _, c := range all.Items[i].Spec.Containers {
			began, runs := running(&all.Items[i], c.Name)
			if !runs {
				continue
			}
			u := used(&all.Items[i], c, began, now)
			memory += u.memory
			labels := fmt.Sprintf("{container=%q,namespace=%q,pod=%q}", c.Name, all.Items[i].Namespace, all.Items[i].Name)
			fmt.Fprintf(&b, "container_start_time_seconds%s %d\n", labels, began.Unix())
			fmt.Fprintf(&b, "container_cpu_usage_seconds_total%s %.6f %d\n", labels, u.cpuSeconds, now.UnixMilli())
			fmt.Fprintf(&b, "container_memory_working_set_bytes%s %.0f %d\n", labels, u.memory, now.UnixMilli())
		}
	}
	// A counter must not fall when a pod goes, so the node's own is that of a node with nothing to do.
	fmt.Fprintf(&b, "node_cpu_usage_seconds_total %.3f %d\n", float64(now.UnixMilli())/10000, now.UnixMilli())
	fmt.Fprintf(&b, "node_memory_working_set_bytes %.0f %d\n", memory, now.UnixMilli())
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprint(w, b.String())
}

func running(p *corev1.Pod, container string) (since time.Time, ok bool) {
	for _, s := range p.Status.ContainerStatuses {
		if s.Name == container && s.State.Running != nil {
			return s.State.Running.StartedAt.Time, true
		}
	}
	return time.Time{}, false
}
