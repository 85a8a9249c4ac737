// Packets of DNS: as a question, answered from findings of every kind within its limits; as a
// reply of a recursor, refused or read.

#include <array>
#include <string>

#include "agent/dns/answer.h"
#include "agent/dns/message.h"
#include "agent/dns/name.h"
#include "agent/dns/recursor.h"
#include "agent/dns/trim.h"
#include "base/core/assert.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

dns::Finding crowd() {
  dns::ServiceFinding found;
  found.service = "web";
  for (int n = 0; n < 40; ++n) {
    dns::Instance instance;
    instance.node = "node-" + std::to_string(n);
    instance.node_address = n % 3 == 0 ? "2001:db8::1" : "10.0.0." + std::to_string(n);
    instance.node_meta = {{"key=", std::string(300, 'v')}};
    if (n % 5 == 0) instance.address = "host.example.com";
    instance.port = 80;
    instance.weight = static_cast<std::uint16_t>(n);
    instance.tags = {"v" + std::to_string(n % 4)};
    found.instances.push_back(std::move(instance));
  }
  dns::Finding finding;
  finding.what = std::move(found);
  dns::settle(finding, false);
  return finding;
}

std::array<dns::Finding, 4> findings() {
  std::array<dns::Finding, 4> all;
  all[0] = crowd();
  all[1].what = dns::NodeFinding{"n1", "10.0.0.1", {{"a", "b"}}};
  all[2].what = dns::OwnerFinding{.node = std::string(70, 'n'), .service = {}};
  return all;
}

void check_answer(const dns::Query& query, const dns::Finding& finding,
                  const dns::DnsOptions& options, dns::Transport transport) {
  static const dns::Zone zone = dns::Zone::from(options).value();
  const dns::Asked asked = dns::read_question(query, zone);
  if (asked.kind == dns::Asked::Kind::outside) return;
  CONCLAVE_ASSERT(dns::is_name(asked.domain));
  Rng rng(query.id);
  const dns::Answerer answerer{zone, options, 1,
                               dns::answers_worth_having(query, transport, options)};
  dns::Answer answer = dns::compose_answer(query, asked, &finding, answerer, rng);
  for (const std::string& name : answer.names) CONCLAVE_ASSERT(dns::is_name(name));
  answer.reply.edns = query.edns;
  const std::string bytes = dns::encode_trimmed(query, answer.reply, transport, options);
  CONCLAVE_ASSERT(bytes.size() <= dns::reply_bytes_max(query, transport));
  // What we send can be read, and answers what was asked.
  const auto read = dns::parse_reply(bytes);
  CONCLAVE_ASSERT(read.has_value());
  CONCLAVE_ASSERT(read->id == query.id && read->name == query.name && read->type == query.type);
}

}  // namespace

void check(std::string_view bytes) {
  static const std::array<dns::Finding, 4> all = findings();
  static const dns::DnsOptions options;
  (void)dns::parse_reply(bytes);
  (void)dns::recursor_address(bytes);
  const auto query = dns::parse_query(bytes);
  if (!query) {
    if (query.error().rcode) (void)dns::encode_refusal(query.error());
    return;
  }
  CONCLAVE_ASSERT(dns::is_name(query->name));
  CONCLAVE_ASSERT(dns::name_from_labels(dns::labels_of(query->name)) == query->name);
  (void)dns::name_text(query->name);
  for (const dns::Finding& finding : all) {
    check_answer(*query, finding, options, dns::Transport::udp);
    check_answer(*query, finding, options, dns::Transport::tcp);
  }
}

}  // namespace conclave::fuzz
