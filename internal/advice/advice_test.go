package advice

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"slipway.dev/slipway/internal/manifest"
)

const home = "checkstack"

func objects(t testing.TB, text string) manifest.Set {
	t.Helper()
	var set manifest.Set
	for doc := range strings.SplitSeq(text, "\n---\n") {
		raw, err := yaml.YAMLToJSON([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		u := new(unstructured.Unstructured)
		if err := json.Unmarshal(raw, &u.Object); err != nil {
			t.Fatal(err)
		}
		if u.GetNamespace() == "" {
			u.SetNamespace(home)
		}
		set = append(set, u)
	}
	return set
}

// strict is a Deployment that meets the restricted standard; SPEC and CONTAINER are put in.
const strict = `apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: api}}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      SPEC
      containers:
      - name: c
        image: example.com/c:1
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        CONTAINER`

func deployment(spec, container string) string {
	return strings.NewReplacer("SPEC", spec, "CONTAINER", container).Replace(strict)
}

func TestJudge(t *testing.T) {
	service := func(name string) manifest.Ref { return manifest.Ref{Version: "v1", Kind: "Service", Name: name} }
	there := manifest.Facts{
		Services: map[manifest.Ref]manifest.Service{
			service("checkstack"): {Exists: true, Ports: []int32{80}}, service("db"): {Exists: true, Ports: []int32{5432, 9187}},
			service("gone"): {}, service("far"): {Exists: true, External: true},
			{Version: "v1", Kind: "Service", Name: "dns", Namespace: "kube-system"}: {Exists: true, Ports: []int32{53}},
		},
		Keyed: map[manifest.Ref]manifest.Keyed{
			secret("login"): {Exists: true, Keys: []string{"password", "user"}}, secret("none"): {}, configMap("none"): {},
			{Version: "v1", Kind: "PersistentVolumeClaim", Name: "none"}: {},
		},
		Nodes: []manifest.Node{
			{Name: "a", Labels: map[string]string{"disk": "ssd"}, Ready: true}, {Name: "b", Labels: map[string]string{"disk": "hdd"}, Ready: true},
			{Name: "c", Labels: map[string]string{"disk": "ssd"}},
		},
		StorageClasses: []string{"local-path"},
	}
	apart := `affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: api}}}]}}`
	near := func(key, values string) string {
		return `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: ` + key + `, operator: In, values: [` + values + `]}]}]}}}`
	}
	for name, tc := range map[string]struct {
		in   string
		want []string
	}{
		"nothing wrong": {deployment("nodeSelector: {disk: ssd}", `env: [{name: DB, value: "postgres://u:p@db:5432/x"}, {name: P, valueFrom: {secretKeyRef: {name: login, key: user}}}]`), nil},
		"a port that the Service has not": {
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: env}\ndata: {INTERNAL_URL: 'http://checkstack:3000', OK: 'http://checkstack:80/x'}",
			[]string{".data.INTERNAL_URL: `http://checkstack:3000` is not answered: the Service `checkstack` has port 80, not 3000."},
		},
		"a port that the set's own Service has not": {
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: env}\ndata: {A: 'http://web.checkstack.svc.cluster.local:3000'}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}, {port: 81}]}",
			[]string{".data.A: `http://web.checkstack.svc.cluster.local:3000` is not answered: the Service `web` has ports 80, 81, not 3000."},
		},
		"a Service that is not there, and no password in what is said": {
			deployment("", `args: ["--queue=amqp://me:hunter2@gone:5672"]`),
			[]string{`.spec.template.spec.containers[name="c"].args: ` + "`amqp://gone:5672` leads nowhere: there is no Service `gone` in this namespace."},
		},
		"another namespace": {
			deployment("", `env: [{name: D, value: "tcp://dns.kube-system.svc:54"}]`),
			[]string{`.spec.template.spec.containers[name="c"].env.D: ` + "`tcp://dns.kube-system.svc:54` is not answered: the Service `dns` has port 53, not 54."},
		},
		"hosts outside, headless, external, and what nobody knows": {
			deployment("", `env: [{name: A, value: "https://example.com:8443 http://api.example.com:80 http://127.0.0.1:1 http://localhost:2 http://far:9 http://unknown:9 http://other.team.svc:1 redis.svc:1"}]`), nil,
		},
		"a Secret that is filled from outside, and a key that it will not have": {
			deployment("", `env: [{name: A, valueFrom: {secretKeyRef: {name: files, key: URL}}}, {name: B, valueFrom: {secretKeyRef: {name: files, key: PORT}}}]`) +
				"\n---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: x}\nspec: {target: {name: files}, data: [{secretKey: URL, remoteRef: {key: db}}]}",
			[]string{`.spec.template.spec.containers[name="c"].env.B: ` + "Deployment `api` needs the key `PORT` of the Secret `files`, which has `URL`."},
		},
		"a Secret that is filled with whatever there is outside": {
			deployment("", `env: [{name: A, valueFrom: {secretKeyRef: {name: none, key: URL}}}]`) +
				"\n---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: none}\nspec: {dataFrom: [{extract: {key: db}}]}", nil,
		},
		"a Secret, a ConfigMap and a key that are not there": {
			deployment("imagePullSecrets: [{name: none}]", `envFrom: [{configMapRef: {name: none}}, {secretRef: {name: none, optional: true}}]
        env: [{name: X, valueFrom: {secretKeyRef: {name: login, key: token}}}]`),
			[]string{
				".spec.template.spec.imagePullSecrets: Deployment `api` needs the Secret `none` to pull images with, which does not exist in this namespace.",
				`.spec.template.spec.containers[name="c"].env.X: ` + "Deployment `api` needs the key `token` of the Secret `login`, which has `password`, `user`.",
				`.spec.template.spec.containers[name="c"].envFrom: ` + "Deployment `api` needs the ConfigMap `none`, which does not exist in this namespace.",
			},
		},
		"a claim that is not there, and one of the set's own": {
			deployment("volumes: [{name: a, persistentVolumeClaim: {claimName: none}}, {name: b, persistentVolumeClaim: {claimName: data}}, {name: c, persistentVolumeClaim: {claimName: who-knows}}]", "") +
				"\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {}",
			[]string{`.spec.template.spec.volumes[name="a"]: ` + "Deployment `api` needs the PersistentVolumeClaim `none`, which does not exist in this namespace."},
		},
		"a key of the set's own": {
			deployment("volumes: [{name: v, configMap: {name: files, items: [{key: a.conf, path: a}, {key: b.conf, path: b}]}}]", "") + "\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: files}\ndata: {a.conf: x}",
			[]string{`.spec.template.spec.volumes[name="v"]: ` + "Deployment `api` needs the key `b.conf` of the ConfigMap `files`, which has `a.conf`."},
		},
		"a certificate": {
			"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {tls: [{hosts: [a], secretName: none}]}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: made, annotations: {cert-manager.io/cluster-issuer: x}}\nspec: {tls: [{hosts: [a], secretName: none}]}",
			[]string{".spec.tls: Ingress `web` needs the Secret `none` with its certificate, which does not exist in this namespace."},
		},
		"a file in a folder that nothing is mounted at": {
			deployment("", `envFrom: [{configMapRef: {name: env}}]
        env: [{name: CERT_FILE, value: /certs/a.pem}, {name: PATH, value: /secrets/bin}]
        volumeMounts: [{name: c, mountPath: /certs}]`) + "\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: env}\ndata: {APNS_AUTH_KEY_PATH: /secrets/apns/key.p8, DATA_PATH: /var/lib/x}",
			[]string{`.spec.template.spec.containers[name="c"].volumeMounts: ` + "`APNS_AUTH_KEY_PATH` is `/secrets/apns/key.p8`, and nothing is mounted in `/secrets/apns` of `c`: the file will not be there."},
		},
		"a file that one of several has, who share their settings": {
			deployment("volumes: [{name: k, secret: {secretName: login}}]", `envFrom: [{configMapRef: {name: env}}]
        volumeMounts: [{name: k, mountPath: /secrets/apns}]`) +
				"\n---\n" + strings.Replace(deployment("", "envFrom: [{configMapRef: {name: env}}]"), "name: api", "name: other", 1) +
				"\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: env}\ndata: {APNS_AUTH_KEY_PATH: /secrets/apns/key.p8}",
			nil,
		},
		"a label that no node has": {deployment("nodeSelector: {disk: tape, zone: x}", ""), []string{".spec.template.spec.nodeSelector: No node carries `disk=tape` and `zone=x`, so no pod of `api` can start."}},
		"an affinity of one node":  {deployment(near("disk", "hdd"), ""), nil},
		"an affinity of no node":   {deployment(near("disk", "tape"), ""), []string{".spec.template.spec.affinity.nodeAffinity: No node is as the node affinity of `api` asks, so no pod of it can start."}},
		"more pods than nodes":     {deployment(apart, ""), []string{".spec.template.spec.affinity.podAntiAffinity: `api` may have 3 pods, no two of them on one node, and 2 nodes are ready for them: the others will wait."}},
		"a class of storage": {
			"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {storageClassName: fast}\n---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: other}\nspec: {storageClassName: local-path}",
			[]string{".spec.storageClassName: The cluster has no storage class `fast`, so the claim `data` gets no volume."},
		},
		"not restricted": {
			"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: night}\nspec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c, securityContext: {privileged: true}}]}}}}}",
			[]string{".spec.jobTemplate.spec.template.spec.securityContext: `night` is not as strict as Pod Security `restricted` asks: it is privileged, which is as good as being root on the node; its processes may gain more rights than they start with (`allowPrivilegeEscalation`); it keeps capabilities of the kernel that it may not need (`capabilities`); it may run as root (`runAsNonRoot`); nothing limits which calls it may make to the kernel (`seccompProfile`)."},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, w := range Judge(objects(t, tc.in), home, there) {
				got = append(got, w.Path+": "+w.Sentence)
			}
			slices.Sort(got)
			slices.Sort(tc.want)
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Error(d)
			}
			for _, w := range Judge(objects(t, tc.in), home, manifest.Facts{}) { // nothing is known
				if w.Ref.Kind != "CronJob" && !strings.Contains(w.Sentence, "mounted") && !strings.Contains(w.Sentence, "`web`") && !strings.Contains(w.Sentence, "`files`") {
					t.Errorf("said without knowing: %s", w.Sentence)
				}
			}
		})
	}
}

// What has to be known is asked for, once, and nothing that the set itself says.
func TestAsk(t *testing.T) {
	got := Ask(objects(t, deployment("imagePullSecrets: [{name: pull}]", `env: [{name: A, value: "http://db:1 http://db:2 http://own:3"}]
        envFrom: [{secretRef: {name: pull}}]`)+"\n---\napiVersion: v1\nkind: Service\nmetadata: {name: own}"), home)
	want := manifest.Wanted{Services: []manifest.Ref{{Version: "v1", Kind: "Service", Name: "db"}}, Keyed: []manifest.Ref{secret("pull")}, Nodes: true}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSum(t *testing.T) {
	in := objects(t, `apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 2
  template:
    spec:
      initContainers:
      - {name: migrate, resources: {requests: {cpu: "1", memory: 64Mi}}}
      - {name: proxy, restartPolicy: Always, resources: {requests: {cpu: 100m}}}
      containers:
      - {name: c, resources: {requests: {cpu: 250m, memory: 256Mi}}}
      - {name: d, resources: {limits: {memory: 256Mi}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: api}
spec: {maxReplicas: 6, scaleTargetRef: {kind: Deployment, name: api}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec: {template: {spec: {containers: [{name: c, resources: {requests: {cpu: 500m, memory: 1Gi}}}]}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec: {template: {spec: {containers: [{name: c, resources: {requests: {cpu: 10m}}}]}}}`)
	nodes := []manifest.Node{{CPU: resource.MustParse("16"), Memory: resource.MustParse("64Gi")}, {CPU: resource.MustParse("16"), Memory: resource.MustParse("64Gi")}}
	got := Sum(in, home, manifest.Facts{Nodes: nodes})
	// api: 6 × max(1 CPU before, 350m) and 512 Mi; db 500m and 1 Gi; agent 2 × 10m.
	want := Requests{Pods: 9, CPU: "6520m", Memory: "4Gi", CPUPercent: 20, MemoryPercent: 3}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := Sum(nil, home, manifest.Facts{}); got != (Requests{}) {
		t.Errorf("of nothing: %+v", got)
	}
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{"http://a:1", "a://b.c.svc.cluster.local:65536", "x://u:p@q:0", "://:", "amqp://a.checkstack:5672/ http://b:2"} {
		f.Add(s)
	}
	s := set{home: home}
	f.Fuzz(func(t *testing.T, text string) {
		for _, a := range s.addressesIn(text, manifest.Ref{}, "") {
			if a.service.Name == "" || a.port < 1 || strings.Contains(a.text, "@") || strings.ContainsAny(a.text, " \n") {
				t.Errorf("%q: %+v", text, a)
			}
		}
	})
}
