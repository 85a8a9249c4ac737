#pragma once

/// Findings, and answers to questions about them as libldns reads them.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/dns/answer.h"
#include "agent/dns/name.h"
#include "agent/dns/trim.h"
#include "tests/unit/agent_dns/judge.h"

namespace conclave::dns {

inline Instance instance(std::string node, std::string node_address, std::uint16_t port,
                         std::string address = "") {
  Instance made;
  made.node = std::move(node);
  made.node_address = std::move(node_address);
  made.port = port;
  made.address = std::move(address);
  return made;
}

inline Finding service(std::vector<Instance> instances, std::string name = "web") {
  ServiceFinding found;
  found.instances = std::move(instances);
  found.service = std::move(name);
  Finding finding;
  finding.what = std::move(found);
  return finding;
}

/// "10.0.0.<n>" for n of 1 to `count`, one node each.
inline Finding crowd(int count) {
  std::vector<Instance> instances;
  for (int n = 1; n <= count; ++n) {
    instances.push_back(instance("n" + std::to_string(n), "10.0.0." + std::to_string(n), 80));
  }
  return service(std::move(instances));
}

struct Bench {
  DnsOptions options;
  Rng rng{1};

  Answer compose(const Query& query, Finding finding, Transport transport) {
    settle(finding, options.only_passing);
    zone = *Zone::from(options);
    const Asked asked = read_question(query, zone);
    const Answerer answerer{zone, options, 1234, answers_worth_having(query, transport, options)};
    return compose_answer(query, asked, &finding, answerer, rng);
  }
  Judged ask(const std::string& name, Type type, const Finding& finding,
             std::uint16_t udp_bytes = 0, Transport transport = Transport::udp) {
    const Query query = question(name, type, udp_bytes);
    Reply reply = compose(query, finding, transport).reply;
    reply.edns = query.edns;
    bytes = encode_trimmed(query, std::move(reply), transport, options);
    return judge(bytes);
  }

  Zone zone;
  std::string bytes;  ///< Of the last answer.
};

}  // namespace conclave::dns
