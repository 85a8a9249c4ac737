#include <cstdio>
#include <fstream>

#include "base/core/text.h"
#include "tests/unit/cli_commands/shell.h"

namespace conclave::cli {
namespace {

constexpr const char* self =
    R"({"Config":{"NodeName":"host-1"},"Stats":{"raft":{"term":"3","state":"Leader"},
        "agent":{"checks":"0"}}})";

using AgentCommands = Shell;

TEST_F(AgentCommands, maint_says_what_it_did) {
  struct Case {
    Arguments arguments;
    std::string sentence;
    std::string asked;
  };
  const Case cases[] = {
      {{"maint", "-enable", "-reason", "new disk"},
       "Node maintenance is now enabled\n",
       "PUT http://127.0.0.1:8500/v1/agent/maintenance?enable=true&reason=new%20disk"},
      {{"maint", "-disable"},
       "Node maintenance is now disabled\n",
       "PUT http://127.0.0.1:8500/v1/agent/maintenance?enable=false"},
      {{"maint", "-enable", "-service=web"},
       "Service maintenance is now enabled for \"web\"\n",
       "PUT http://127.0.0.1:8500/v1/agent/service/maintenance/web?enable=true&reason="},
      {{"maint", "-disable", "-service=web"},
       "Service maintenance is now disabled for \"web\"\n",
       "PUT http://127.0.0.1:8500/v1/agent/service/maintenance/web?enable=false"},
  };
  for (const Case& one : cases) {
    answer(200, self);
    EXPECT_EQ(run(one.arguments), 0) << err();
    EXPECT_EQ(out(), one.sentence);
    EXPECT_EQ(all_asked_.back(), one.asked);
  }
}

TEST_F(AgentCommands, maint_lists_what_is_in_maintenance) {
  answer_once(200, self);
  answer(200, R"({"_node_maintenance":{"Notes":"new disk"},"ttl":{"Notes":"other"},
      "_service_maintenance:web":{"ServiceID":"web","Notes":"deploy"}})");
  EXPECT_EQ(run({"maint"}), 0) << err();
  EXPECT_EQ(out(),
            "Node:\n  Name:   host-1\n  Reason: new disk\n\n"
            "Service:\n  ID:     web\n  Reason: deploy\n\n");
}

TEST_F(AgentCommands, maint_refuses_flags_that_contradict_each_other) {
  EXPECT_EQ(run({"maint", "-enable", "-disable"}), 1);
  EXPECT_EQ(err(), "Only one of -enable or -disable may be provided\n");
  EXPECT_EQ(run({"maint", "-reason=x"}), 1);
  EXPECT_EQ(err(), "Reason may only be provided with -enable\n");
  EXPECT_EQ(run({"maint", "-service=x"}), 1);
  EXPECT_EQ(err(), "Service requires either -enable or -disable\n");
  EXPECT_TRUE(all_asked_.empty());
}

TEST_F(AgentCommands, info_prints_the_stats_in_order) {
  answer(200, self);
  EXPECT_EQ(run({"info"}), 0) << err();
  EXPECT_EQ(out(), "agent:\n\tchecks = 0\nraft:\n\tstate = Leader\n\tterm = 3\n");
}

TEST_F(AgentCommands, keygen_makes_another_32_bytes_each_time) {
  EXPECT_EQ(run({"keygen"}), 0);
  const std::string first = out();
  EXPECT_EQ(decode_base64(first.substr(0, first.size() - 1))->size(), 32u);
  EXPECT_EQ(run({"keygen"}), 0);
  EXPECT_NE(out(), first);
}

TEST_F(AgentCommands, services_register_sends_what_the_flags_say) {
  answer(200, "");
  EXPECT_EQ(run({"services", "register", "-name=web", "-id=web-1", "-port=80", "-tag=a", "-tag=b",
                 "-meta=k=v=w", "-tagged-address=lan=[fd00::1]:81", "-tagged-address=wan=1.2.3.4"}),
            0)
      << err();
  EXPECT_EQ(out(), "Registered service: web\n");
  EXPECT_EQ(asked_.url, "http://127.0.0.1:8500/v1/agent/service/register");
  EXPECT_EQ(asked_.body, R"({"ID":"web-1","Name":"web","Tags":["a","b"],)"
                         R"("TaggedAddresses":{"lan":{"Address":"fd00::1","Port":81},)"
                         R"("wan":{"Address":"1.2.3.4","Port":80}},"Meta":{"k":"v=w"},"Port":80})");
}

TEST_F(AgentCommands, services_come_from_files_and_standard_input) {
  answer(200, "");
  const std::string file = testing::TempDir() + "conclave-services.json";
  std::ofstream(file) << R"({"services":[{"name":"db","id":"db-1","connect":{"native":true}},
      {"name":"web","check":{"http":"http://localhost","interval":"10s"}}]})";
  EXPECT_EQ(run({"services", "register", file}), 0) << err();
  EXPECT_EQ(out(), "Registered service: db\nRegistered service: web\n");
  EXPECT_EQ(asked_.body,
            R"({"Name":"web","Check":{"HTTP":"http://localhost","Interval":10000000000}})");
  EXPECT_EQ(run({"services", "register", "-port=80", "-tag=new", file}), 0) << err();
  EXPECT_EQ(asked_.body, R"({"Name":"web","Tags":["new"],"Port":80,)"
                         R"("Check":{"HTTP":"http://localhost","Interval":10000000000}})");
  EXPECT_EQ(run({"services", "deregister", file}), 0) << err();
  EXPECT_EQ(out(), "Deregistered service: db-1\nDeregistered service: web\n");
  std::remove(file.c_str());
  EXPECT_EQ(run({"services", "deregister", "-"}, R"({"service":{"id":"x y"}})"), 0) << err();
  EXPECT_EQ(asked_.url, "http://127.0.0.1:8500/v1/agent/service/deregister/x%20y");
  EXPECT_EQ(run({"services", "register", "-"}, R"({"service":{"name":"x","prot":1}})"), 1);
  EXPECT_EQ(err(), "Error: -: json: unknown field \"prot\"\n");
}

TEST_F(AgentCommands, services_need_flags_or_files_and_not_both) {
  EXPECT_EQ(run({"services", "register"}), 1);
  EXPECT_EQ(err(), "Service registration requires at least one argument or flags.\n");
  EXPECT_EQ(run({"services", "register", "-name=x", "file"}), 1);
  EXPECT_EQ(run({"services", "register", "-name=x", "-port=70000"}), 1);
  EXPECT_EQ(err(), "Error: port 70000: a number from 0 to 65535 is needed\n");
  EXPECT_EQ(run({"services", "register", "-name=x", "-meta=novalue"}), 1);
  EXPECT_EQ(run({"services", "deregister"}), 1);
  EXPECT_EQ(err(), "Service deregistration requires at least one argument or flags.\n");
  EXPECT_EQ(run({"services", "deregister", "-id=x", "file"}), 1);
  EXPECT_TRUE(all_asked_.empty());
}

constexpr const char* nodes =
    R"([{"ID":"40e4a748-2192-161a-0510-9bf59fe950b5","Node":"one","Address":"10.0.0.1",
         "Datacenter":"dc1","TaggedAddresses":{"lan":"10.0.0.1"},"Meta":{"a":"1","b":"2"}},
        {"ID":"","Node":"second","Address":"10.0.0.2","Datacenter":"dc1"}])";
constexpr const char* instances =
    R"([{"ID":"40e4a748-2192-161a-0510-9bf59fe950b5","Node":"one","Address":"10.0.0.1",
         "Datacenter":"dc1","TaggedAddresses":{"lan":"10.0.0.1"},"NodeMeta":{"a":"1","b":"2"},
         "ServiceID":"web","ServiceName":"web","ServiceMeta":{"c":"3"}}])";

TEST_F(AgentCommands, catalog_nodes_shows_nodes_and_what_runs_a_service) {
  answer(200, nodes);
  EXPECT_EQ(run({"catalog", "nodes"}), 0) << err();
  EXPECT_EQ(out(),
            "Node    ID        Address   DC\n"
            "one     40e4a748  10.0.0.1  dc1\n"
            "second            10.0.0.2  dc1\n");
  EXPECT_EQ(run({"catalog", "nodes", "-filter=-"}, "Node == one"), 0);
  EXPECT_EQ(asked_.url, "http://127.0.0.1:8500/v1/catalog/nodes?filter=Node%20%3D%3D%20one");
  answer(200, instances);
  EXPECT_EQ(run({"catalog", "nodes", "-detailed", "-service=web", "-node-meta=a=1"}), 0);
  EXPECT_NE(out().find("40e4a748-2192-161a-0510-9bf59fe950b5  10.0.0.1  dc1  lan=10.0.0.1     "
                       "a=1, b=2\n"),
            std::string::npos)
      << out();
  EXPECT_EQ(asked_.url, "http://127.0.0.1:8500/v1/catalog/service/web?node-meta=a%3A1");
  answer(200, "[]");
  EXPECT_EQ(run({"catalog", "nodes"}), 0);
  EXPECT_EQ(out(), "");
  EXPECT_EQ(err(), "No nodes match the given query - try expanding your search.\n");
  EXPECT_EQ(run({"catalog", "nodes", "web"}), 1);
  EXPECT_EQ(err(), "Too many arguments (expected 0, got 1)\n");
}

TEST_F(AgentCommands, catalog_services_shows_sorted_names_and_tags) {
  answer(200, R"({"web":["b","a"],"consul":[]})");
  EXPECT_EQ(run({"catalog", "services"}), 0) << err();
  EXPECT_EQ(out(), "consul\nweb\n");
  EXPECT_EQ(run({"catalog", "services", "-tags"}), 0);
  EXPECT_EQ(out(), "consul\nweb         a,b\n");
  answer(200, R"({"Node":{},"Services":{"w1":{"Service":"web","Tags":["a"]},
      "w2":{"Service":"web","Tags":["b"]}}})");
  EXPECT_EQ(run({"catalog", "services", "-node=one", "-tags"}), 0) << err();
  EXPECT_EQ(out(), "web      a,b\n");
  answer(200, "null");
  EXPECT_EQ(run({"catalog", "services", "-node=none"}), 0) << err();
  EXPECT_EQ(err(), "No services match the given query - try expanding your search.\n");
  answer(200, R"(["dc1","dc2"])");
  EXPECT_EQ(run({"catalog", "datacenters"}), 0);
  EXPECT_EQ(out(), "dc1\ndc2\n");
}

TEST_F(AgentCommands, every_command_explains_itself) {
  for (const Command& command : client_commands()) {
    Arguments words;
    std::istringstream name{std::string(command.name)};
    for (std::string word; name >> word;) words.push_back(word);
    words.emplace_back("-h");
    EXPECT_EQ(run(words), 0) << command.name;
    EXPECT_TRUE(out().starts_with("Usage: conclave " + std::string(command.name))) << out();
    EXPECT_GE(std::ranges::count(out(), '\n'), 3) << command.name << " has nothing to say";
  }
}

}  // namespace
}  // namespace conclave::cli
