// Registers itself with the agent that CONSUL_HTTP_ADDR names, under the ID, name, address and port
// given, then prints the name and tags of each service the agent knows, a line each in the order
// of their IDs:
//
//	service ID NAME ADDRESS PORT [TAG...]
package main

import (
	"fmt"
	"log"
	"os"
	"sort"
	"strconv"
	"strings"

	"github.com/hashicorp/consul/api"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 5 {
		log.Fatal("usage: service ID NAME ADDRESS PORT [TAG...]")
	}
	port, err := strconv.Atoi(os.Args[4])
	if err != nil {
		log.Fatalf("the port is not a number: %v", err)
	}
	client, err := api.NewClient(api.DefaultConfig())
	if err != nil {
		log.Fatalf("no client: %v", err)
	}
	err = client.Agent().ServiceRegister(&api.AgentServiceRegistration{
		ID:      os.Args[1],
		Name:    os.Args[2],
		Address: os.Args[3],
		Port:    port,
		Tags:    os.Args[5:],
	})
	if err != nil {
		log.Fatalf("the agent does not register the service: %v", err)
	}
	services, err := client.Agent().Services()
	if err != nil {
		log.Fatalf("the agent does not list its services: %v", err)
	}
	ids := make([]string, 0, len(services))
	for id := range services {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	for _, id := range ids {
		service := services[id]
		fmt.Printf("%s: %s\n", service.Service, strings.Join(service.Tags, ", "))
	}
}
