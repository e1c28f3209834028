package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/manifest"
	"slipway.dev/slipway/internal/status"
)

// What pods use is asked of metrics-server, which measures every 15 seconds itself, and only while
// somebody looks.
const (
	usageKept   = 15 * time.Second
	usageAbsent = time.Minute // how long a cluster without the metrics API is not asked again
	usageWait   = 3 * time.Second
	usagesKept  = 500 // applications
)

// What is said where nothing is known.
const (
	usageNoServer = "What it uses is not known: the cluster has no metrics-server."
	usageNoRight  = "What it uses is not known: Slipway may not read the cluster's metrics."
	usageSilent   = "What it uses is not known: the cluster's metrics-server does not answer at present."
)

// Usage tells what the pods of an application use, by the resource metrics API
// (https://kubernetes.io/docs/tasks/debug/debug-cluster/resource-metrics-pipeline/). The portal itself
// reads it, as it reads the pods, once for all who look; an answer is given again for 15 seconds. There
// is no error: where nothing is known, the answer says why. It returns when ctx ends, at the latest.
func (cs *Clusters) Usage(ctx context.Context, k status.Key) status.Usage {
	c, err := cs.cluster(k.Cluster)
	if err != nil {
		return status.Usage{Problem: usageNoServer}
	}
	return c.usages.get(ctx, k, c.usage)
}

// podMetricsList is a PodMetricsList of metrics.k8s.io/v1beta1, as far as it is read.
type podMetricsList struct {
	Items []struct {
		Metadata   metav1.ObjectMeta `json:"metadata"`
		Timestamp  metav1.Time       `json:"timestamp"`
		Containers []struct {
			Name  string `json:"name"`
			Usage struct {
				CPU    quantity.Quantity `json:"cpu"`
				Memory quantity.Quantity `json:"memory"`
			} `json:"usage"`
		} `json:"containers"`
	} `json:"items"`
}

// usage asks the cluster, and tells how long the answer is good for.
func (c *cluster) usage(ctx context.Context, k status.Key) (status.Usage, time.Duration) {
	raw, err := c.metricsOf(ctx, k)
	answer, answered := answerOf(err)
	switch {
	case gone(err):
		return status.Usage{Problem: usageNoServer}, usageAbsent
	case answered && (answer.Code == http.StatusForbidden || answer.Code == http.StatusUnauthorized):
		return status.Usage{Problem: usageNoRight}, usageAbsent
	case err != nil:
		return status.Usage{Problem: usageSilent}, usageKept
	}
	var list podMetricsList
	if err := json.Unmarshal(raw, &list); err != nil {
		return status.Usage{Problem: usageSilent}, usageKept
	}
	out := status.Usage{Used: map[string]map[string]status.Resources{}}
	for _, p := range list.Items {
		used := map[string]status.Resources{}
		for _, one := range p.Containers {
			used[one.Name] = status.Resources{CPU: one.Usage.CPU.MilliValue(), Memory: one.Usage.Memory.Value()}
		}
		out.Used[p.Metadata.Namespace+"/"+p.Metadata.Name] = used
		if p.Timestamp.After(out.At) {
			out.At = p.Timestamp.Time
		}
	}
	return out, usageKept
}

func (c *cluster) metricsOf(ctx context.Context, k status.Key) ([]byte, error) {
	s, err := c.own()
	if err != nil {
		return nil, err
	}
	give, err := c.slots.take(ctx)
	if err != nil {
		return nil, err
	}
	defer give()
	return s.rest.Get().AbsPath("/apis/metrics.k8s.io/v1beta1/namespaces", k.Namespace, "pods").
		Param("labelSelector", manifest.LabelApp+"="+k.App).MaxRetries(0).Do(ctx).Raw()
}

// usages remembers what was measured. The zero value is ready.
type usages struct {
	asking singleflight.Group

	mu    sync.Mutex
	known map[status.Key]knownUsage
}

type knownUsage struct {
	status.Usage
	until time.Time
}

// get gives the remembered answer, or asks. The request belongs to nobody in particular: it goes on if
// the one who was first gives up.
func (u *usages) get(ctx context.Context, k status.Key, ask func(context.Context, status.Key) (status.Usage, time.Duration)) status.Usage {
	u.mu.Lock()
	last, ok := u.known[k]
	u.mu.Unlock()
	if ok && time.Now().Before(last.until) {
		return last.Usage
	}
	got := u.asking.DoChan(fmt.Sprintf("%q", []string{k.Namespace, k.App}), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), usageWait)
		defer cancel()
		now, keep := ask(ctx, k)
		u.remember(k, knownUsage{now, time.Now().Add(keep)})
		return now, nil
	})
	select {
	case r := <-got:
		now, _ := r.Val.(status.Usage)
		return now
	case <-ctx.Done():
		return last.Usage // an older one, or nothing yet
	}
}

// remember keeps an answer, and drops those that are out of date when there are many.
func (u *usages) remember(k status.Key, one knownUsage) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.known) >= usagesKept {
		kept := map[status.Key]knownUsage{}
		for k, old := range u.known {
			if time.Now().Before(old.until) && len(kept) < usagesKept/2 {
				kept[k] = old
			}
		}
		u.known = kept
	}
	if u.known == nil {
		u.known = map[status.Key]knownUsage{}
	}
	u.known[k] = one
}
