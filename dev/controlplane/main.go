// Command controlplane is a whole Kubernetes control plane in one binary: kube-apiserver,
// kube-controller-manager, kube-scheduler, etcd, metrics-server and kubectl. kwok plays the nodes and
// pods; kubelet is what answers for them when somebody asks for logs or metrics.
//
// It exists so that `make demo` and the tests have the real thing with nothing but a Go toolchain.
// Which program it is, it takes from the name it was called by, as busybox does: dev/cluster
// makes one symbolic link for each.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register" // --logging-format=json
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	metricsserver "sigs.k8s.io/metrics-server/cmd/metrics-server/app"
)

// programs are the names this binary answers to.
var programs = map[string]func() int{
	"kube-apiserver":          func() int { return cli.Run(apiserver.NewAPIServerCommand()) },
	"kube-controller-manager": func() int { return cli.Run(controllermanager.NewControllerManagerCommand()) },
	"kube-scheduler":          func() int { return cli.Run(scheduler.NewSchedulerCommand()) },
	"kubectl":                 func() int { return cli.Run(newKubectl()) },
	"etcd":                    func() int { etcdmain.Main(os.Args); return 0 },
	"metrics-server": func() int {
		return cli.Run(metricsserver.NewMetricsServerCommand(genericapiserver.SetupSignalHandler()))
	},
	"kubelet": func() int { return cli.Run(newKubelet()) },
}

func newKubectl() *cobra.Command { return kubectl.NewDefaultKubectlCommand() }

func main() {
	name := filepath.Base(os.Args[0])
	run, ok := programs[name]
	if !ok {
		names := make([]string, 0, len(programs))
		for n := range programs {
			names = append(names, n)
		}
		sort.Strings(names)
		fmt.Fprintf(os.Stderr, "controlplane: called as %q; link it to one of: %s\n", name, strings.Join(names, ", "))
		os.Exit(2)
	}
	os.Exit(run())
}
