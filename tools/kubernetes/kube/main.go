// Command kube is all of Kubernetes in one program: the name it is called by
// (a symbolic link beside it) chooses which of the six programs it is. One
// program links once instead of six times and shares its pages in memory.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	_ "time/tzdata" // CronJob time zones on a machine without zoneinfo

	"github.com/spf13/cobra"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubectl: credential plugins
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"          // --logging-format=json
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics
	_ "k8s.io/component-base/metrics/prometheus/version"  // version metric
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// serve makes a program out of a command constructor that reports its own errors.
func serve(command func() *cobra.Command) func() int {
	return func() int { return cli.Run(command()) }
}

var programs = map[string]func() int{
	"kube-apiserver":          serve(apiserver.NewAPIServerCommand),
	"kube-controller-manager": serve(controllermanager.NewControllerManagerCommand),
	"kube-proxy":              serve(proxy.NewProxyCommand),
	"kube-scheduler":          serve(newScheduler),
	"kubelet":                 serve(newKubelet),
	"kubectl":                 runKubectl,
}

func newScheduler() *cobra.Command { return scheduler.NewSchedulerCommand() }

// newKubelet hands over a plain context: the kubelet installs its own signal
// handler, and a second one panics with "close of closed channel".
func newKubelet() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }

func runKubectl() int {
	// Building the command may already log (plugins, kuberc), so set -v first.
	_, _ = logs.GlogSetter(kubectl.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err) // prints it and exits
	}
	return 0
}

func usage() int {
	var names []string
	for name := range programs {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Fprintf(os.Stderr, "usage: kube PROGRAM [ARGUMENT...]\n"+
		"or call it through a link of that name; the programs are:\n  %s\n", strings.Join(names, "\n  "))
	return 2
}

func main() {
	if program, found := programs[filepath.Base(os.Args[0])]; found {
		os.Exit(program())
	}
	if len(os.Args) < 2 {
		os.Exit(usage())
	}
	program, found := programs[os.Args[1]]
	if !found {
		os.Exit(usage())
	}
	os.Args = os.Args[1:]
	os.Exit(program())
}
