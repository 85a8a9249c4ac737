// Oracle: contract 15.1.

#include "agent/dns/question.h"

#include <gtest/gtest.h>

#include "agent/dns/name.h"
#include "tests/unit/agent_dns/judge.h"

namespace conclave::dns {
namespace {

using Kind = Asked::Kind;

Zone zone() {
  DnsOptions options;
  options.alt_domain = "alt.example";
  return *Zone::from(options);
}

struct Row {
  const char* name;
  Type type;
  Kind kind;
  const char* asked = "";
  const char* tag = "";
};

const Row rows[] = {
    {"web.service.consul", Type::a, Kind::service, "web"},
    {"WEB.Service.CONSUL", Type::a, Kind::service, "web"},
    {"v1.web.service.consul", Type::a, Kind::service, "web", "v1"},
    {"v1.2.web.service.consul", Type::a, Kind::service, "web", "v1.2"},
    {"web.service.dc1.consul", Type::a, Kind::service, "web"},
    {"web.service.DC1.consul", Type::a, Kind::service, "web"},
    {"web.service.dc2.consul", Type::a, Kind::nothing},
    {"web.service.dc1.dc.consul", Type::a, Kind::service, "web"},
    {"web.service.dc2.dc.consul", Type::a, Kind::nothing},
    {"web.service.default.ns.default.ap.dc1.dc.consul", Type::a, Kind::service, "web"},
    {"web.service.other.ns.consul", Type::a, Kind::nothing},
    {"web.service.dc1.dc1.consul", Type::a, Kind::nothing},
    {"web.service.x.peer.consul", Type::a, Kind::nothing},
    {"service.consul", Type::a, Kind::nothing},
    {"node.service.consul", Type::a, Kind::service, "node"},
    {"web.service.alt.example", Type::a, Kind::service, "web"},
    {"_web._tcp.service.consul", Type::srv, Kind::service, "web"},
    {"_web._udp.service.consul", Type::srv, Kind::service, "web", "udp"},
    {"_web._v1.service.consul", Type::a, Kind::service, "web", "v1"},
    {"_web._tcp.consul", Type::srv, Kind::service, "web"},
    {"_web._tcp.dc1.consul", Type::srv, Kind::service, "web"},
    {"_web._tcp.dc2.consul", Type::srv, Kind::nothing},
    {"_web._tcp.consul", Type::a, Kind::nothing},
    {"n1.node.consul", Type::a, Kind::node, "n1"},
    {"rack.N1.node.dc1.consul", Type::a, Kind::node, "rack.n1"},
    {"node.consul", Type::a, Kind::nothing},
    {"near.query.consul", Type::a, Kind::query, "near"},
    {"a.b.query.dc1.consul", Type::a, Kind::query, "a.b"},
    {"_near._tcp.query.consul", Type::srv, Kind::query, "near"},
    {"7f000001.addr.consul", Type::a, Kind::address, "127.0.0.1"},
    {"7F000001.addr.dc1.consul", Type::a, Kind::address, "127.0.0.1"},
    {"00000000000000000000000000000001.addr.consul", Type::aaaa, Kind::address, "::1"},
    {"7f0000.addr.consul", Type::a, Kind::nothing},
    {"7f00000g.addr.consul", Type::a, Kind::nothing},
    {"x.7f000001.addr.consul", Type::a, Kind::nothing},
    {"web.connect.consul", Type::a, Kind::nothing},
    {"web.virtual.consul", Type::a, Kind::nothing},
    {"web.ingress.consul", Type::a, Kind::nothing},
    {"consul", Type::a, Kind::nothing},
    {"something.consul", Type::a, Kind::nothing},
    {"consul", Type::soa, Kind::zone, "consul"},
    {"web.service.consul", Type::ns, Kind::zone, "consul"},
    {"consul", Type::axfr, Kind::transfer},
    {"4.3.2.1.in-addr.arpa", Type::ptr, Kind::reverse, "1.2.3.4"},
    {"4.3.2.1.in-addr.arpa", Type::a, Kind::outside},
    {"3.2.1.in-addr.arpa", Type::ptr, Kind::outside},
    {"256.3.2.1.in-addr.arpa", Type::ptr, Kind::outside},
    {"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", Type::ptr,
     Kind::reverse, "2001:db8::1"},
    {"example.com", Type::a, Kind::outside},
    {"consul.example.com", Type::a, Kind::outside},
    {".", Type::ns, Kind::outside},
};

TEST(Questions, are_read_by_their_labels) {
  for (const Row& row : rows) {
    const Asked asked = read_question(question(row.name, row.type), zone());
    EXPECT_EQ(asked.kind, row.kind) << row.name;
    if (asked.kind != row.kind) continue;
    EXPECT_EQ(asked.name, row.asked) << row.name;
    EXPECT_EQ(asked.tag, row.tag) << row.name;
  }
}

TEST(Questions, keep_the_domain_as_it_is_written) {
  const Asked asked = read_question(question("web.service.Alt.Example", Type::a), zone());
  EXPECT_EQ(name_text(asked.domain), "Alt.Example.");
}

TEST(Questions, know_what_to_look_for) {
  const auto subject = [](const char* name, Type type) {
    return subject_of(read_question(question(name, type), zone()));
  };
  EXPECT_EQ(subject("v1.web.service.consul", Type::a), (Subject{Subject::Kind::service, "web"}));
  EXPECT_EQ(subject("4.3.2.1.in-addr.arpa", Type::ptr), (Subject{Subject::Kind::owner, "1.2.3.4"}));
  EXPECT_EQ(subject("7f000001.addr.consul", Type::a), std::nullopt);
}

TEST(Zones, need_a_domain) {
  DnsOptions options;
  options.domain = ".";
  EXPECT_FALSE(Zone::from(options).has_value());
  options.domain = "a..b";
  EXPECT_FALSE(Zone::from(options).has_value());
  options.domain = "consul.example.";
  EXPECT_TRUE(Zone::from(options).has_value());
}

}  // namespace
}  // namespace conclave::dns
