package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"slipway.dev/slipway/internal/manifest"
)

// lister finds what a Question asks for; team tells whether with the team's rights.
type lister struct {
	team bool
	list func(context.Context, chooser) ([]manifest.Choice, error)
}

var choosers = map[string]lister{
	"StorageClass":  {list: storageClasses},
	"IngressClass":  {list: ingressClasses},
	"PriorityClass": {list: priorityClasses},
	"ClusterIssuer": {list: clusterIssuers},
	"Namespace":     {list: namespaces},
	"NodeLabel":     {list: nodeLabels},
	"Secret":        {team: true, list: secretNames},
	"SecretKey":     {team: true, list: secretKeys},
	"ConfigMap":     {team: true, list: configMapNames},
	"ConfigMapKey":  {team: true, list: configMapKeys},
	"Service":       {team: true, list: serviceNames},
	"ServicePort":   {team: true, list: servicePorts},
	"ServiceURL":    {team: true, list: serviceURLs},
}

const classIsDefault = "default"

func storageClasses(ctx context.Context, c chooser) ([]manifest.Choice, error) {
	all, err := listOf[storagev1.StorageClass](ctx, c.session, kindRef("storage.k8s.io", "v1", "StorageClass"), "", nil)
	var out []manifest.Choice
	for _, s := range all {
		var words []string
		if s.Annotations["storageclass.kubernetes.io/is-default-class"] == "true" {
			words = append(words, classIsDefault)
		}
		if s.VolumeBindingMode != nil && *s.VolumeBindingMode == storagev1.VolumeBindingWaitForFirstConsumer {
			words = append(words, "waits for the first pod")
		}
		if nodeLocal(s.Provisioner) {
			words = append(words, "node-local")
		}
		if s.AllowVolumeExpansion != nil && *s.AllowVolumeExpansion {
			words = append(words, "can grow")
		}
		if s.ReclaimPolicy != nil && *s.ReclaimPolicy == corev1.PersistentVolumeReclaimRetain {
			words = append(words, "keeps the volume when its claim is deleted")
		}
		out = append(out, manifest.Choice{Value: s.Name, Help: strings.Join(words, ", ")})
	}
	return defaultFirst(out), err
}

// nodeLocal tells whether a provisioner makes volumes that one node alone can reach. There is no field
// that says so; these are the provisioners that are known to.
func nodeLocal(provisioner string) bool {
	switch provisioner {
	case "kubernetes.io/no-provisioner", "rancher.io/local-path", "topolvm.io", "local.csi.openebs.io", "openebs.io/local", "slipway.dev/local":
		return true
	}
	return strings.Contains(provisioner, "hostpath") || strings.Contains(provisioner, "local-path")
}

func ingressClasses(ctx context.Context, c chooser) ([]manifest.Choice, error) {
	all, err := listOf[networkingv1.IngressClass](ctx, c.session, kindRef("networking.k8s.io", "v1", "IngressClass"), "", nil)
	var out []manifest.Choice
	for _, i := range all {
		help := i.Spec.Controller
		if i.Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true" {
			help = classIsDefault + ", " + help
		}
		out = append(out, manifest.Choice{Value: i.Name, Help: help})
	}
	return defaultFirst(out), err
}

// priorityClasses leaves out those of the cluster's own parts.
func priorityClasses(ctx context.Context, c chooser) ([]manifest.Choice, error) {
	all, err := listOf[schedulingv1.PriorityClass](ctx, c.session, kindRef("scheduling.k8s.io", "v1", "PriorityClass"), "", nil)
	var out []manifest.Choice
	for _, p := range all {
		if strings.HasPrefix(p.Name, "system-") {
			continue
		}
		words := []string{"priority " + strconv.Itoa(int(p.Value))}
		if p.GlobalDefault {
			words = append([]string{classIsDefault}, words...)
		}
		if p.Description != "" {
			words = append(words, p.Description)
		}
		out = append(out, manifest.Choice{Value: p.Name, Help: strings.Join(words, ", ")})
	}
	return defaultFirst(out), err
}

// clusterIssuer is the part of cert-manager's kind that is read.
type clusterIssuer struct {
	metav1.ObjectMeta `json:"metadata"`
	Status            struct {
		Conditions []metav1.Condition `json:"conditions"`
	} `json:"status"`
}

func clusterIssuers(ctx context.Context, c chooser) ([]manifest.Choice, error) {
	all, err := listOf[clusterIssuer](ctx, c.session, kindRef("cert-manager.io", "v1", "ClusterIssuer"), "", nil)
	var out []manifest.Choice
	for _, i := range all {
		help := ""
		for _, cond := range i.Status.Conditions {
			switch {
			case cond.Type != "Ready":
			case cond.Status == metav1.ConditionTrue:
				help = "ready"
			default:
				help = "not ready"
			}
		}
		out = append(out, manifest.Choice{Value: i.Name, Help: help})
	}
	return inOrder(out), err
}

const ofTeam = "team "

func namespaces(ctx context.Context, c chooser) ([]manifest.Choice, error) {
	all, err := c.session.heads(ctx, kindRef("", "v1", "Namespace"), "", nil)
	var out []manifest.Choice
	for _, n := range all {
		help := ""
		// Of a namespace that an application has made, the label says who made it, not whose it is.
		if team := n.Labels[manifest.LabelTeam]; team != "" && n.Labels[manifest.LabelApp] == "" {
			help = ofTeam + team
		}
		out = append(out, manifest.Choice{Value: n.Name, Help: help})
	}
	return inOrder(out), err
}

// notOfOthers leaves out namespaces that are marked as another team's: what is not one's own is not
// to be learnt of here.
func notOfOthers(all []manifest.Choice, team string) []manifest.Choice {
	return slices.DeleteFunc(slices.Clone(all), func(c manifest.Choice) bool { return c.Help != "" && c.Help != ofTeam+team })
}

// nodeLabels gives the names of the nodes' labels, or the values of one of them.
func nodeLabels(ctx context.Context, c chooser) ([]manifest.Choice, error) {
	nodes, err := c.session.heads(ctx, kindRef("", "v1", "Node"), "", nil)
	count := map[string]int{}
	for _, n := range nodes {
		for key, value := range n.Labels {
			if c.q.Of == "" {
				count[key]++
			} else if key == c.q.Of {
				count[value]++
			}
		}
	}
	var out []manifest.Choice
	for _, v := range slices.Sorted(maps.Keys(count)) {
		help := fmt.Sprintf("%d nodes", count[v])
		switch n := count[v]; {
		case n == len(nodes) && n > 1:
			help = "all nodes"
		case n == 1:
			help = "1 node"
		}
		out = append(out, manifest.Choice{Value: v, Help: help})
	}
	return out, err
}

// secretNames asks for metadata alone, so that no value is ever sent.
func secretNames(ctx context.Context, c chooser) ([]manifest.Choice, error) {
	var fields map[string]string
	if c.q.Type != "" {
		fields = map[string]string{"fieldSelector": "type=" + c.q.Type}
	}
	all, err := c.session.heads(ctx, kindRef("", "v1", "Secret"), c.place.Namespace, fields)
	return ofOthersToo(all), err
}

func configMapNames(ctx context.Context, c chooser) ([]manifest.Choice, error) {
	all, err := c.session.heads(ctx, kindRef("", "v1", "ConfigMap"), c.place.Namespace, nil)
	return ofOthersToo(all), err
}

// ofOthersToo names objects with the applications that they belong to, without those that the portal
// and the cluster keep for themselves.
func ofOthersToo(all []metav1.PartialObjectMetadata) []manifest.Choice {
	var out []manifest.Choice
	for _, o := range all {
		switch {
		case o.Name == "kube-root-ca.crt", o.Labels[manifest.LabelApplySetID] != "", o.Labels[manifest.LabelStaged] != "",
			strings.HasPrefix(o.Name, "sh.helm.release."):
			continue
		}
		help := ""
		if app := o.Labels[manifest.LabelApp]; app != "" {
			help = "of the application " + app
		}
		out = append(out, manifest.Choice{Value: o.Name, Help: help})
	}
	return inOrder(out)
}

// names are the keys of a map of which the values are not read into anything.
type names map[string]json.RawMessage

// UnmarshalJSON keeps the keys and drops the values.
func (n *names) UnmarshalJSON(raw []byte) error {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	for k := range all {
		all[k] = nil
	}
	*n = all
	return nil
}

// keyed is a Secret or ConfigMap without its values.
type keyed struct {
	Data       names `json:"data"`
	BinaryData names `json:"binaryData"`
}

func secretKeys(ctx context.Context, c chooser) ([]manifest.Choice, error) {
	return keysOf(ctx, c, kindRef("", "v1", "Secret"))
}

func configMapKeys(ctx context.Context, c chooser) ([]manifest.Choice, error) {
	return keysOf(ctx, c, kindRef("", "v1", "ConfigMap"))
}

func keysOf(ctx context.Context, c chooser, ref manifest.Ref) ([]manifest.Choice, error) {
	if ref.Name = c.q.Of; ref.Name == "" {
		return nil, nil
	}
	var o keyed
	err := c.session.getInto(ctx, c.place.Namespace, ref, &o)
	maps.Copy(o.Data.ready(), o.BinaryData)
	var out []manifest.Choice
	for _, key := range slices.Sorted(maps.Keys(o.Data)) {
		out = append(out, manifest.Choice{Value: key})
	}
	return out, err
}

// ready makes sure that something can be put in.
func (n *names) ready() names {
	if *n == nil {
		*n = names{}
	}
	return *n
}

func serviceNames(ctx context.Context, c chooser) ([]manifest.Choice, error) {
	all, err := listOf[corev1.Service](ctx, c.session, kindRef("", "v1", "Service"), c.place.Namespace, nil)
	var out []manifest.Choice
	for _, s := range all {
		var ports []string
		for _, p := range s.Spec.Ports {
			ports = append(ports, strconv.Itoa(int(p.Port)))
		}
		help := ""
		switch len(ports) {
		case 0:
		case 1:
			help = "port " + ports[0]
		default:
			help = "ports " + strings.Join(ports, ", ")
		}
		out = append(out, manifest.Choice{Value: s.Name, Help: help})
	}
	return inOrder(out), err
}

func servicePorts(ctx context.Context, c chooser) ([]manifest.Choice, error) {
	ref := kindRef("", "v1", "Service")
	if ref.Name = c.q.Of; ref.Name == "" {
		return nil, nil
	}
	var s corev1.Service
	err := c.session.getInto(ctx, c.place.Namespace, ref, &s)
	var out []manifest.Choice
	for _, p := range s.Spec.Ports {
		help := p.Name
		if p.Protocol != "" && p.Protocol != corev1.ProtocolTCP {
			help = strings.TrimSpace(help + " " + string(p.Protocol))
		}
		out = append(out, manifest.Choice{Value: strconv.Itoa(int(p.Port)), Help: help})
	}
	return out, err
}

func kindRef(group, version, kind string) manifest.Ref {
	return manifest.Ref{Group: group, Version: version, Kind: kind}
}

func inOrder(all []manifest.Choice) []manifest.Choice {
	slices.SortFunc(all, func(a, b manifest.Choice) int { return cmp.Compare(a.Value, b.Value) })
	return all
}

// defaultFirst puts what is taken if nothing is chosen first.
func defaultFirst(all []manifest.Choice) []manifest.Choice {
	inOrder(all)
	slices.SortStableFunc(all, func(a, b manifest.Choice) int {
		return cmp.Compare(notDefault(a), notDefault(b))
	})
	return all
}

func notDefault(c manifest.Choice) int {
	if c.Help == classIsDefault || strings.HasPrefix(c.Help, classIsDefault+",") {
		return 0
	}
	return 1
}
