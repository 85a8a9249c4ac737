// Runs Prometheus' own discovery of Consul services, unmodified, and writes each change of what it
// finds to a file that file_sd_configs reads:
//
//	discovery CONFIG FILE
//
// CONFIG is one element of consul_sd_configs. It is for a Prometheus that was packaged without that
// discovery, as Debian's is.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"sort"

	kitlog "github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/consul"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"gopkg.in/yaml.v2"
)

type fileGroup struct {
	Targets []string       `json:"targets"`
	Labels  model.LabelSet `json:"labels"`
}

// asFile gives each target a group of its own, with the labels of its group and itself.
func asFile(groups map[string]*targetgroup.Group) []fileGroup {
	found := []fileGroup{}
	for _, group := range groups {
		for _, target := range group.Targets {
			labels := group.Labels.Merge(target)
			delete(labels, model.AddressLabel)
			found = append(found, fileGroup{[]string{string(target[model.AddressLabel])}, labels})
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Targets[0] < found[j].Targets[0] })
	return found
}

func write(path string, groups map[string]*targetgroup.Group) {
	text, err := json.Marshal(asFile(groups))
	if err == nil {
		err = os.WriteFile(path+".new", text, 0o644)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		log.Fatalf("the targets are not written: %v", err)
	}
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: discovery CONFIG FILE")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var config consul.SDConfig
	if err := yaml.UnmarshalStrict(text, &config); err != nil {
		log.Fatalf("%s: %v", os.Args[1], err)
	}
	registry := prometheus.NewRegistry()
	metrics := config.NewDiscovererMetrics(registry, discovery.NewRefreshMetrics(registry))
	if err := metrics.Register(); err != nil {
		log.Fatal(err)
	}
	discoverer, err := config.NewDiscoverer(discovery.DiscovererOptions{
		Logger:  kitlog.NewLogfmtLogger(os.Stderr),
		Metrics: metrics,
	})
	if err != nil {
		log.Fatal(err)
	}
	changes := make(chan []*targetgroup.Group)
	go discoverer.Run(context.Background(), changes)
	groups := map[string]*targetgroup.Group{}
	for changed := range changes {
		for _, group := range changed {
			groups[group.Source] = group
		}
		write(os.Args[2], groups)
	}
}
