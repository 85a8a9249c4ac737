// Oracle: contract 15.2.

#include "agent/dns/answer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/unit/agent_dns/sample.h"

namespace conclave::dns {
namespace {

using Lines = std::vector<std::string>;

const char* const soa = "consul. 0 SOA ns.consul. hostmaster.consul. 1234 3600 600 86400 0";

TEST(ServiceAnswers, have_the_address_of_the_service_or_else_of_its_node) {
  Bench bench;
  const Finding found =
      service({instance("n1", "10.0.0.1", 80), instance("n2", "10.0.0.2", 80, "10.1.0.2")});
  Judged judged = bench.ask("Web.service.consul.", Type::a, found);
  std::ranges::sort(judged.answer);
  EXPECT_EQ(judged.answer,
            (Lines{"Web.service.consul. 0 A 10.0.0.1", "Web.service.consul. 0 A 10.1.0.2"}));
  EXPECT_TRUE(judged.authoritative);
  EXPECT_TRUE(judged.additional.empty());
}

TEST(ServiceAnswers, have_each_address_once) {
  Bench bench;
  const Finding found = service({instance("n1", "10.0.0.1", 80), instance("n1", "10.0.0.1", 81)});
  EXPECT_EQ(bench.ask("web.service.consul.", Type::a, found).answer.size(), 1u);
  const Judged judged = bench.ask("web.service.consul.", Type::srv, found);
  EXPECT_EQ(judged.answer.size(), 2u);
  // HAProxy gives each address record to one server only.
  EXPECT_EQ(judged.additional,
            (Lines{"n1.node.dc1.consul. 0 A 10.0.0.1", "n1.node.dc1.consul. 0 A 10.0.0.1"}));
}

TEST(ServiceAnswers, are_of_the_family_that_was_asked_for) {
  Bench bench;
  const Finding found =
      service({instance("n1", "10.0.0.1", 80), instance("n2", "2001:db8::2", 80)});
  EXPECT_EQ(bench.ask("web.service.consul.", Type::a, found).answer,
            (Lines{"web.service.consul. 0 A 10.0.0.1"}));
  EXPECT_EQ(bench.ask("web.service.consul.", Type::aaaa, found).answer,
            (Lines{"web.service.consul. 0 AAAA 2001:db8::2"}));
  EXPECT_EQ(bench.ask("web.service.consul.", Type::any, found).answer.size(), 2u);
}

TEST(ServiceAnswers, of_another_type_are_empty_and_not_negative) {
  Bench bench;
  for (const Type type : {Type::aaaa, Type::txt, Type::ptr, Type::cname}) {
    const Judged judged = bench.ask("web.service.consul.", type, crowd(2));
    EXPECT_EQ(judged.rcode, 0);
    EXPECT_TRUE(judged.answer.empty());
    EXPECT_EQ(judged.authority, Lines{soa});
  }
}

TEST(ServiceAnswers, without_instances_are_negative) {
  Bench bench;
  for (const char* name : {"web.service.consul.", "nothing.consul.", "web.connect.consul."}) {
    const Judged judged = bench.ask(name, Type::a, {});
    EXPECT_EQ(judged.rcode, 3) << name;
    EXPECT_EQ(judged.authority, Lines{soa});
  }
}

TEST(ServiceAnswers, leave_out_warnings_where_only_passing_counts) {
  Finding found = crowd(2);
  std::get<ServiceFinding>(found.what).instances[0].warning = true;
  Bench bench;
  EXPECT_EQ(bench.ask("web.service.consul.", Type::a, found).answer.size(), 2u);
  bench.options.only_passing = true;
  EXPECT_EQ(bench.ask("web.service.consul.", Type::a, found).answer,
            (Lines{"web.service.consul. 0 A 10.0.0.2"}));
  std::get<ServiceFinding>(found.what).instances[1].warning = true;
  EXPECT_EQ(bench.ask("web.service.consul.", Type::a, found).rcode, 3);
}

TEST(ServiceAnswers, are_filtered_by_tag) {
  Finding found = crowd(3);
  std::get<ServiceFinding>(found.what).instances[1].tags = {"Blue", "v1.2"};
  Bench bench;
  EXPECT_EQ(bench.ask("blue.web.service.consul.", Type::a, found).answer,
            (Lines{"blue.web.service.consul. 0 A 10.0.0.2"}));
  EXPECT_EQ(bench.ask("v1.2.web.service.consul.", Type::a, found).answer.size(), 1u);
  EXPECT_EQ(bench.ask("_web._blue.service.consul.", Type::srv, found).answer.size(), 1u);
  EXPECT_EQ(bench.ask("red.web.service.consul.", Type::a, found).rcode, 3);
}

TEST(ServiceAnswers, say_where_with_srv) {
  Finding found = service({instance("n1", "10.0.0.1", 8080)});
  Instance& one = std::get<ServiceFinding>(found.what).instances[0];
  one.weight = 7;
  one.node_meta = {{"rack", "r1"}};
  Bench bench;
  Judged judged = bench.ask("_web._tcp.service.consul.", Type::srv, found);
  EXPECT_EQ(judged.answer, (Lines{"_web._tcp.service.consul. 0 SRV 1 7 8080 n1.node.dc1.consul."}));
  EXPECT_EQ(judged.additional,
            (Lines{"n1.node.dc1.consul. 0 A 10.0.0.1", "n1.node.dc1.consul. 0 TXT \"rack=r1\""}));
  bench.options.node_meta_txt = false;
  judged = bench.ask("_web._tcp.service.consul.", Type::srv, found);
  EXPECT_EQ(judged.additional, (Lines{"n1.node.dc1.consul. 0 A 10.0.0.1"}));
}

TEST(ServiceAnswers, name_own_addresses_of_services_by_their_digits) {
  Bench bench;
  Judged judged = bench.ask("web.service.consul.", Type::srv,
                            service({instance("n1", "10.0.0.1", 80, "10.1.2.3")}));
  EXPECT_EQ(judged.answer, (Lines{"web.service.consul. 0 SRV 1 1 80 0a010203.addr.dc1.consul."}));
  EXPECT_EQ(judged.additional, (Lines{"0a010203.addr.dc1.consul. 0 A 10.1.2.3"}));
  judged = bench.ask("web.service.consul.", Type::srv,
                     service({instance("n1", "10.0.0.1", 80, "2001:db8::1")}));
  EXPECT_EQ(judged.additional,
            (Lines{"20010db8000000000000000000000001.addr.dc1.consul. 0 AAAA 2001:db8::1"}));
}

TEST(ServiceAnswers, of_instances_with_names_lead_to_these) {
  Bench bench;
  const Finding found = service({instance("n1", "10.0.0.1", 80, "db.example.com")});
  const Query a = question("web.service.consul.", Type::a);
  const Answer alias = bench.compose(a, found, Transport::udp);
  ASSERT_EQ(alias.reply.answer.size(), 1u);
  EXPECT_EQ(alias.reply.answer[0].type, Type::cname);
  EXPECT_EQ(alias.names, (Lines{*name_from_text("db.example.com")}));
  const Judged judged = bench.ask("web.service.consul.", Type::srv, found);
  EXPECT_EQ(judged.answer, (Lines{"web.service.consul. 0 SRV 1 1 80 db.example.com."}));
  // Who has an address of the family goes before a name.
  const Finding both =
      service({instance("n1", "10.0.0.1", 80, "db.example.com"), instance("n2", "10.0.0.2", 80)});
  EXPECT_EQ(bench.ask("web.service.consul.", Type::a, both).answer,
            (Lines{"web.service.consul. 0 A 10.0.0.2"}));
}

TEST(ServiceAnswers, come_in_another_order_each_time) {
  Bench bench;
  std::set<std::string> first;
  for (int n = 0; n < 100; ++n) {
    first.insert(bench.ask("web.service.consul.", Type::a, crowd(3)).answer.front());
  }
  EXPECT_EQ(first.size(), 3u);
}

TEST(ServiceAnswers, begin_with_heavy_addresses_more_often) {
  Finding found = crowd(2);
  std::get<ServiceFinding>(found.what).instances[1].weight = 9;
  Bench bench;
  std::map<std::string, int> first;
  for (int n = 0; n < 2'000; ++n) {
    ++first[bench.ask("web.service.consul.", Type::a, found).answer.front()];
  }
  EXPECT_NEAR(first["web.service.consul. 0 A 10.0.0.2"], 1'800, 100);
}

TEST(ServiceAnswers, of_prepared_queries_keep_their_order_where_it_means_something) {
  Finding found = crowd(3);
  auto& what = std::get<ServiceFinding>(found.what);
  what.nearest_first = true;
  what.ttl = "7s";
  Bench bench;
  for (int n = 0; n < 10; ++n) {
    EXPECT_EQ(bench.ask("near.query.consul.", Type::a, found).answer,
              (Lines{"near.query.consul. 7 A 10.0.0.1", "near.query.consul. 7 A 10.0.0.2",
                     "near.query.consul. 7 A 10.0.0.3"}));
  }
}

TEST(TimesToLive, are_those_of_the_exact_name_or_the_longest_beginning) {
  DnsOptions options;
  EXPECT_EQ(service_ttl(options, "web"), 0u);
  options.service_ttl_s = {{"web", 1}, {"we*", 2}, {"w*", 3}, {"*", 4}};
  EXPECT_EQ(service_ttl(options, "Web"), 1u);
  EXPECT_EQ(service_ttl(options, "webs"), 2u);
  EXPECT_EQ(service_ttl(options, "we"), 2u);
  EXPECT_EQ(service_ttl(options, "wiki"), 3u);
  EXPECT_EQ(service_ttl(options, "db"), 4u);
}

Finding node(std::string name, std::string address, Meta meta = {}) {
  Finding finding;
  finding.what = NodeFinding{std::move(name), std::move(address), std::move(meta)};
  return finding;
}

TEST(NodeAnswers, have_address_and_meta) {
  Bench bench;
  bench.options.node_ttl_s = 9;
  const Finding found = node("n1", "10.0.0.1", {{"a", "1"}, {"rfc1035-x", "as it is"}});
  Judged judged = bench.ask("n1.node.consul.", Type::a, found);
  EXPECT_EQ(judged.answer, (Lines{"n1.node.consul. 9 A 10.0.0.1"}));
  EXPECT_EQ(judged.additional,
            (Lines{"n1.node.consul. 9 TXT \"a=1\"", "n1.node.consul. 9 TXT \"as it is\""}));
  judged = bench.ask("n1.node.consul.", Type::txt, found);
  EXPECT_EQ(judged.answer.size(), 2u);
  judged = bench.ask("n1.node.consul.", Type::any, found);
  EXPECT_EQ(judged.answer.size(), 3u);
  judged = bench.ask("n1.node.consul.", Type::srv, found);
  EXPECT_EQ(judged.rcode, 0);
  EXPECT_EQ(judged.authority, Lines{soa});
  bench.options.node_meta_txt = false;
  EXPECT_TRUE(bench.ask("n1.node.consul.", Type::a, found).additional.empty());
  EXPECT_EQ(bench.ask("n1.node.consul.", Type::a, {}).rcode, 3);
}

TEST(NodeAnswers, lead_to_names_too) {
  Bench bench;
  const Judged judged = bench.ask("n1.node.consul.", Type::a, node("n1", "host.example.com"));
  EXPECT_EQ(judged.answer, (Lines{"n1.node.consul. 0 CNAME host.example.com."}));
}

TEST(TextPairs, are_written_as_rfc_1464_says) {
  EXPECT_EQ(txt_of("color", "blue"), "color=blue");
  EXPECT_EQ(txt_of("equation", "a=4"), "equation=a=4");
  EXPECT_EQ(txt_of("a=a", "true"), "a`=a=true");
  EXPECT_EQ(txt_of("a\\=a", "false"), "a\\`=a=false");
  EXPECT_EQ(txt_of("abc", " x"), "abc= x");
  EXPECT_EQ(txt_of(" space ", "`"), "` space` =``");
  EXPECT_EQ(txt_of("RFC1035-x", "v=spf1"), "v=spf1");
}

TEST(AddressAnswers, say_what_the_name_says) {
  Bench bench;
  EXPECT_EQ(bench.ask("0a000001.addr.consul.", Type::a, {}).answer,
            (Lines{"0a000001.addr.consul. 0 A 10.0.0.1"}));
  const Judged judged = bench.ask("0a000001.addr.consul.", Type::aaaa, {});
  EXPECT_EQ(judged.rcode, 0);
  EXPECT_EQ(judged.authority, Lines{soa});
}

TEST(ReverseAnswers, name_the_node_or_the_service) {
  Bench bench;
  Finding found;
  found.what = OwnerFinding{.node = "n1", .service = {}};
  EXPECT_EQ(bench.ask("1.0.0.10.in-addr.arpa.", Type::ptr, found).answer,
            (Lines{"1.0.0.10.in-addr.arpa. 0 PTR n1.node.dc1.consul."}));
  found.what = OwnerFinding{.node = {}, .service = "web"};
  EXPECT_EQ(bench.ask("1.0.0.10.in-addr.arpa.", Type::ptr, found).answer,
            (Lines{"1.0.0.10.in-addr.arpa. 0 PTR web.service.dc1.consul."}));
  EXPECT_EQ(bench.ask("1.0.0.10.in-addr.arpa.", Type::ptr, {}).rcode, 3);
}

TEST(ZoneAnswers, name_the_servers) {
  Bench bench;
  bench.options.soa = {.refresh_s = 1, .retry_s = 2, .expire_s = 3, .min_ttl_s = 4};
  const Finding servers = crowd(5);
  Judged judged = bench.ask("Consul.", Type::soa, servers, 4096);
  EXPECT_EQ(judged.answer, (Lines{"Consul. 4 SOA ns.Consul. hostmaster.Consul. 1234 1 2 3 4"}));
  EXPECT_EQ(judged.authority.size(), 3u);
  EXPECT_EQ(judged.additional.size(), 3u);
  judged = bench.ask("consul.", Type::ns, servers, 4096);
  EXPECT_EQ(judged.answer.size(), 3u);
  EXPECT_TRUE(judged.answer[0].starts_with("consul. 0 NS n")) << judged.answer[0];
  EXPECT_EQ(bench.ask("consul.", Type::axfr, servers).rcode, 4);
}

TEST(Answers, are_given_under_the_domain_that_was_asked) {
  Bench bench;
  bench.options.alt_domain = "example.net";
  const Judged judged = bench.ask("web.service.example.net.", Type::srv, crowd(1));
  EXPECT_EQ(judged.answer,
            (Lines{"web.service.example.net. 0 SRV 1 1 80 n1.node.dc1.example.net."}));
}

}  // namespace
}  // namespace conclave::dns
