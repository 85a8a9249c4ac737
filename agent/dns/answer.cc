#include "agent/dns/answer.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "agent/dns/choice.h"
#include "agent/dns/name.h"
#include "agent/dns/records.h"
#include "base/core/assert.h"
#include "base/core/duration.h"
#include "base/core/text.h"

namespace conclave::dns {
namespace {

/// As in Consul.
constexpr std::size_t name_servers_max = 3;

/// Makes one answer; lives for one question.
class Composer {
 public:
  Composer(const Query& query, const Asked& asked, const Answerer& answerer, Rng& rng)
      : query_(query), asked_(asked), answerer_(answerer), rng_(rng) {}

  Answer compose(const Finding* finding);

 private:
  void zone(const Finding& finding);
  void service(const ServiceFinding& found, std::string_view tag);
  void addresses(const ServiceFinding& found, std::string_view tag);
  void locations(const ServiceFinding& found, std::string_view tag);
  void location(const Instance& instance);
  void node(const NodeFinding& found);
  void owner(const OwnerFinding& found);
  void reached_by_name(const std::string& address);
  void add_meta(std::vector<Record>& section, const std::string& name, const Meta& meta);

  std::uint32_t ttl_of(const ServiceFinding& found) const;
  /// The instances with that tag in the order in which they are answered.
  std::vector<const Instance*> in_order(const ServiceFinding& found, std::string_view tag);
  void refuse(Rcode rcode) { answer_.reply = negative_reply(rcode, asked_, answerer_); }
  /// A name that is there, and has nothing of the type that was asked for.
  void close() {
    if (answer_.reply.answer.empty() && answer_.reply.authority.empty()) refuse(Rcode::no_error);
  }

  const Query& query_;
  const Asked& asked_;
  const Answerer& answerer_;
  Rng& rng_;
  Answer answer_;
  std::uint32_t ttl_ = 0;
  std::set<std::string> described_;  ///< Targets with records in the additional section.
};

Answer Composer::compose(const Finding* finding) {
  switch (asked_.kind) {
    case Asked::Kind::outside:
    case Asked::Kind::nothing:
      refuse(Rcode::name_error);
      return std::move(answer_);
    case Asked::Kind::transfer:
      answer_.reply.rcode = Rcode::not_implemented;
      return std::move(answer_);
    case Asked::Kind::address:
      if (fits(query_.type, asked_.address)) {
        answer_.reply.answer.push_back(
            address_record(query_.name, asked_.address, answerer_.options.node_ttl_s));
      }
      close();
      return std::move(answer_);
    default:
      break;
  }
  CONCLAVE_ASSERT_WHY(finding != nullptr, "its subject was looked for");
  if (asked_.kind == Asked::Kind::zone) {
    zone(*finding);
    return std::move(answer_);
  }
  if (const auto* found = std::get_if<ServiceFinding>(&finding->what)) {
    service(*found, asked_.kind == Asked::Kind::service ? asked_.tag : std::string_view());
  } else if (const auto* host = std::get_if<NodeFinding>(&finding->what)) {
    node(*host);
  } else if (const auto* who = std::get_if<OwnerFinding>(&finding->what)) {
    owner(*who);
  } else {
    refuse(Rcode::name_error);
  }
  return std::move(answer_);
}

void Composer::zone(const Finding& finding) {
  Reply& reply = answer_.reply;
  std::vector<Record>* section = &reply.answer;
  if (query_.type == Type::soa) {
    reply.answer.push_back(soa_record(asked_.domain, answerer_.serial, answerer_.options.soa));
    section = &reply.authority;
  }
  if (const auto* servers = std::get_if<ServiceFinding>(&finding.what)) {
    const std::uint32_t ttl = answerer_.options.node_ttl_s;
    for (const Instance* server : in_order(*servers, "")) {
      std::string target = node_target(server->node, asked_, answerer_.zone);
      if (target.empty() || !described_.insert(target).second) continue;
      section->push_back(name_record(asked_.domain, Type::ns, ttl, target));
      if (!server->ip.empty()) {
        reply.additional.push_back(address_record(std::move(target), server->ip, ttl));
      }
      if (section->size() == name_servers_max) break;
    }
  }
  close();
}

std::uint32_t Composer::ttl_of(const ServiceFinding& found) const {
  if (!found.ttl.empty()) {
    if (const auto ttl = parse_duration(found.ttl)) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*ttl).count();
      return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds, 0, INT32_MAX));
    }
  }
  return service_ttl(answerer_.options, found.service);
}

std::vector<const Instance*> Composer::in_order(const ServiceFinding& found, std::string_view tag) {
  std::vector<const Instance*> order;
  for (const Instance& instance : found.instances) {
    if (has_tag(instance, tag)) order.push_back(&instance);
  }
  if (found.nearest_first) return order;
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    std::swap(order[i], order[i + rng_.below(order.size() - i)]);
  }
  return order;
}

void Composer::service(const ServiceFinding& found, std::string_view tag) {
  const bool there = tag.empty() || std::ranges::any_of(found.instances, [&](const Instance& i) {
                       return has_tag(i, tag);
                     });
  if (!there) return refuse(Rcode::name_error);
  ttl_ = ttl_of(found);
  if (query_.type == Type::srv) {
    locations(found, tag);
  } else if (wants_address(query_.type) || query_.type == Type::cname) {
    addresses(found, tag);
  }
  close();
}

void Composer::addresses(const ServiceFinding& found, std::string_view tag) {
  std::vector<Host> tagged;
  if (!tag.empty()) tagged = hosts_of(found.instances, tag);
  const std::vector<Host>& all = tag.empty() ? found.hosts : tagged;
  std::vector<const Host*> hosts;
  std::vector<std::uint32_t> weights;
  for (const Host& host : all) {
    if (!fits(query_.type, host.ip)) continue;
    hosts.push_back(&host);
    weights.push_back(host.weight);
  }
  std::size_t count = answerer_.answers_max;
  if (const std::size_t limit = answerer_.options.a_record_limit; limit != 0) {
    count = std::min(count, limit);
  }
  if (found.nearest_first) {
    hosts.resize(std::min(count, hosts.size()));
    for (const Host* host : hosts) {
      answer_.reply.answer.push_back(address_record(query_.name, host->ip, ttl_));
    }
  } else {
    for (const std::uint32_t i : choose_weighted(weights, count, rng_)) {
      answer_.reply.answer.push_back(address_record(query_.name, hosts[i]->ip, ttl_));
    }
  }
  if (!all.empty()) return;
  // No instance has an address of its own: one of the names, since a name has one CNAME at most.
  const std::vector<const Instance*> order = in_order(found, tag);
  reached_by_name(order.front()->reached_at());
}

void Composer::reached_by_name(const std::string& address) {
  auto target = name_from_text(address);
  if (!target || target->size() == 1) return;
  answer_.reply.answer.push_back(name_record(query_.name, Type::cname, ttl_, *target));
  if (query_.type != Type::cname) answer_.names.push_back(std::move(*target));
}

void Composer::locations(const ServiceFinding& found, std::string_view tag) {
  std::set<std::tuple<std::string_view, std::string_view, std::uint16_t>> seen;
  for (const Instance* instance : in_order(found, tag)) {
    if (answer_.reply.answer.size() >= answerer_.answers_max) return;
    if (!seen.emplace(instance->node, instance->reached_at(), instance->port).second) continue;
    location(*instance);
  }
}

void Composer::location(const Instance& instance) {
  std::vector<Record>& additional = answer_.reply.additional;
  std::string target;
  if (instance.ip.empty()) {
    target = name_from_text(instance.reached_at()).value_or("");
    if (target.size() <= 1) return;
    if (described_.insert(target).second) answer_.names.push_back(target);
  } else {
    const bool by_node = instance.address.empty();
    if (by_node) target = node_target(instance.node, asked_, answerer_.zone);
    const bool named = !target.empty();
    if (!named) target = address_target(instance.ip, asked_, answerer_.zone);
    // One for each location, also where several share it: HAProxy gives each to one server only.
    additional.push_back(address_record(target, instance.ip, ttl_));
    const bool is_new = described_.insert(target).second;
    if (is_new && named && answerer_.options.node_meta_txt) {
      add_meta(additional, target, instance.node_meta);
    }
  }
  answer_.reply.answer.push_back(
      srv_record(query_.name, ttl_, instance.weight, instance.port, std::move(target)));
}

void Composer::node(const NodeFinding& found) {
  ttl_ = answerer_.options.node_ttl_s;
  Instance self;
  self.node_address = found.address;
  Finding settled{.what = ServiceFinding{.instances = {self}, .service = {}, .ttl = {}}};
  settle(settled, false);
  const Instance& instance = std::get<ServiceFinding>(settled.what).instances.front();
  const bool txt = query_.type == Type::txt || query_.type == Type::any;
  if (instance.ip.empty()) {
    if (wants_address(query_.type) || query_.type == Type::cname) reached_by_name(found.address);
  } else if (wants_address(query_.type) && fits(query_.type, instance.ip)) {
    answer_.reply.answer.push_back(address_record(query_.name, instance.ip, ttl_));
  }
  if (txt) {
    add_meta(answer_.reply.answer, query_.name, found.meta);
  } else if (answerer_.options.node_meta_txt && !answer_.reply.answer.empty()) {
    add_meta(answer_.reply.additional, query_.name, found.meta);
  }
  close();
}

void Composer::add_meta(std::vector<Record>& section, const std::string& name, const Meta& meta) {
  for (const auto& [key, value] : meta) {
    section.push_back(txt_record(name, ttl_, txt_of(key, value)));
  }
}

void Composer::owner(const OwnerFinding& found) {
  std::string target = found.node.empty() ? service_target(found.service, asked_, answerer_.zone)
                                          : node_target(found.node, asked_, answerer_.zone);
  if (target.empty()) return refuse(Rcode::name_error);
  answer_.reply.answer.push_back(name_record(query_.name, Type::ptr, 0, std::move(target)));
}

}  // namespace

Answer compose_answer(const Query& query, const Asked& asked, const Finding* finding,
                      const Answerer& answerer, Rng& rng) {
  return Composer(query, asked, answerer, rng).compose(finding);
}

Reply negative_reply(Rcode rcode, const Asked& asked, const Answerer& answerer) {
  Reply reply;
  reply.rcode = rcode;
  reply.authority.push_back(soa_record(asked.domain, answerer.serial, answerer.options.soa));
  return reply;
}

std::uint32_t service_ttl(const DnsOptions& options, std::string_view service) {
  const std::string name = to_lower_ascii(service);
  const auto& ttls = options.service_ttl_s;
  if (ttls.empty()) return 0;
  if (const auto exact = ttls.find(name); exact != ttls.end()) return exact->second;
  for (std::size_t size = name.size() + 1; size-- > 0;) {
    const auto prefix = ttls.find(name.substr(0, size) + "*");
    if (prefix != ttls.end()) return prefix->second;
  }
  return 0;
}

std::string txt_of(std::string_view key, std::string_view value) {
  if (key.size() > 8 && equal_ignoring_case(key.substr(0, 8), "rfc1035-")) {
    return std::string(value);
  }
  std::string text;
  const std::size_t first = std::min(key.find_first_not_of(" \t"), key.size());
  const std::size_t last = key.find_last_not_of(" \t");
  for (std::size_t i = 0; i < key.size(); ++i) {
    const bool outer_space = i < first || (last != key.npos && i > last);
    if (key[i] == '`' || key[i] == '=' || outer_space) text += '`';
    text += key[i];
  }
  text += '=';
  for (const char c : value) {
    if (c == '`') text += '`';
    text += c;
  }
  return text;
}

}  // namespace conclave::dns
