{{/*
The values of a web service that decides nothing itself, for templates with few fields of their own:
the same as the defaults of the schema, but for an autoscaler in place of a number of pods.
*/}}
{{- define "workload.plain" -}}
config: { name: "", data: {} }
secrets: { name: "", data: {} }
secretFiles: []
externalSecrets: []
registry: { server: "", name: "", username: "", password: null }
pullSecret: ""
pullPolicy: auto
container: ""
command: []
args: []
variables: []
inject: all
envFrom: []
configFiles: []
tmpSize: 64Mi
scratch: []
claims: []
security:
  runAsUser: 10001
  runAsGroup: null
  fsGroup: null
  readOnlyRootFilesystem: true
  serviceAccountToken: false
  allowRoot: false
  allowPrivilegeEscalation: false
  addCapabilities: []
serviceAccount: { name: "", exists: false, annotations: {} }
nodeSelector: {}
tolerations: []
antiAffinity: none
spread:
  - { key: topology.kubernetes.io/zone, maxSkew: 1, hard: false }
  - { key: kubernetes.io/hostname, maxSkew: 1, hard: false }
priorityClass: ""
graceSeconds: 45
labels: {}
annotations: {}
podLabels: {}
podAnnotations: {}
notes: {}
network: { limitOut: false }
networkIn: { limit: false }
healthPath: ""
startSeconds: 60
probes:
  startup: { type: auto, path: "", port: "", scheme: HTTP, periodSeconds: 5, failureThreshold: null }
  readiness: { type: auto, path: "", port: "", scheme: HTTP, periodSeconds: 5, timeoutSeconds: 3 }
  liveness: { type: auto, path: "", port: "", scheme: HTTP, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }
strategy: RollingUpdate
maxUnavailable: "0"
maxSurge: "1"
minReadySeconds: null
progressDeadlineSeconds: null
revisionHistoryLimit: 5
preStopSeconds: 5
budget: { minAvailable: "", maxUnavailable: "", name: "" }
migration: { run: none }
trial: { enabled: false }
canary: { enabled: false }
autoscale: { enabled: true, min: 1, max: 3, cpu: 80, memory: 80, metrics: [] }
portName: http
ports: []
exposure: cluster
service: { name: "", port: null, nodePort: null, annotations: {} }
host: ""
path: /
hosts: []
ingress:
  name: ""
  className: ""
  certificate: issuer
  issuer: ""
  tlsSecret: ""
  redirect: auto
  bodySize: ""
  longConnections: null
  rateLimit: null
  affinity: none
  cookieName: route
  cookieSeconds: 86400
  hashBy: $request_uri
  controller: auto
  middlewares: []
  annotations: {}
metrics: { enabled: false }
{{- end }}
